using System.Diagnostics;
using System.Net;
using System.Net.Sockets;
using System.Text;

namespace SeamlessReboot.CrashTests.Load;

/// <summary>Clients who connect at any moment, say a line, are answered, and go: nobody is refused or reset, and everybody who goes is let go.</summary>
internal sealed class Newcomers(Swarm swarm, EndPoint server, LoadOptions options)
{
    private readonly List<Task> _visits = [];
    private int _come;
    private int _served;
    private long _slowest;

    public int Come => Volatile.Read(ref _come);

    public int Served => Volatile.Read(ref _served);

    public TimeSpan Slowest => new(Volatile.Read(ref _slowest));

    /// <summary>Comes until it is stopped, and then waits for those that are there.</summary>
    public async Task ComeAsync(CancellationToken stopping)
    {
        if (options.NewcomersPerSecond == 0)
            return;
        try
        {
            using PeriodicTimer timer = new(TimeSpan.FromSeconds(1.0 / options.NewcomersPerSecond));
            while (await timer.WaitForNextTickAsync(stopping))
            {
                _visits.RemoveAll(v => v.IsCompleted);
                _visits.Add(VisitAsync($"newcomer-{Interlocked.Increment(ref _come)}"));
            }
        }
        catch (OperationCanceledException)
        {
            // Stopped.
        }

        await Task.WhenAll(_visits);
    }

    private async Task VisitAsync(string name)
    {
        long begun = Stopwatch.GetTimestamp();
        using CancellationTokenSource overdue = new(options.NewcomerLimit);
        using Socket socket = new(server.AddressFamily, SocketType.Stream, ProtocolType.Tcp) { NoDelay = true };
        string doing = "connecting";
        long id = 0;
        try
        {
            await socket.ConnectAsync(server, overdue.Token);
            doing = "waiting for its answer";
            id = await TalkAsync(socket, name, overdue.Token);
            doing = "waiting to be let go";
            socket.Shutdown(SocketShutdown.Send);
            await DrainAsync(socket, overdue.Token);
            Interlocked.Increment(ref _served);
            long ticks = Stopwatch.GetElapsedTime(begun).Ticks;
            if (ticks > Volatile.Read(ref _slowest))
                Volatile.Write(ref _slowest, ticks);
        }
        catch (OperationCanceledException)
        {
            swarm.Failures.Add($"{name} was still {doing} after {options.NewcomerLimit.TotalSeconds} s.");
        }
        catch (Exception e) when (e is SocketException or IOException)
        {
            swarm.Failures.Add($"{name} was {doing}, {Stopwatch.GetElapsedTime(begun).TotalMilliseconds:0} ms after it came"
                + (swarm.LastDeath is Death death ? $" and {Stopwatch.GetElapsedTime(death.At).TotalMilliseconds:0} ms after the server's death: {e.Message}" : $": {e.Message}"));
        }
        finally
        {
            if (id != 0)
                swarm.Release(id);
        }
    }

    // Until it is answered: a death may have taken its line with it.
    private async Task<long> TalkAsync(Socket socket, string name, CancellationToken overdue)
    {
        StringBuilder read = new();
        byte[] buffer = new byte[256];
        Task<int>? reading = null;
        for (int line = 1; ; line++)
        {
            await socket.SendAsync(Encoding.UTF8.GetBytes($"{name} says {line}\n"), overdue);
            while (true)
            {
                reading ??= socket.ReceiveAsync(buffer.AsMemory(), overdue).AsTask();
                if (await Task.WhenAny(reading, Task.Delay(options.AnswerTimeout, overdue)) != reading)
                    break;
                int count = await reading;
                reading = null;
                if (count == 0)
                    throw new IOException($"The server has closed the connection after '{read}'.");
                read.Append(Encoding.UTF8.GetString(buffer, 0, count));
                if (read.ToString() is string text && text.Contains('\n', StringComparison.Ordinal))
                    return Check(name, text[..text.IndexOf('\n', StringComparison.Ordinal)], line);
            }
        }
    }

    private long Check(string name, string answer, int lines)
    {
        string[] words = answer.Split(' ', 3);
        if (words.Length == 3 && long.TryParse(words[0], out long id) && long.TryParse(words[1], out long count) && count >= 1 && count <= lines
            && Enumerable.Range(1, lines).Any(l => words[2] == $"{name} says {l}"))
        {
            swarm.Claim(id, name);
            return id;
        }

        swarm.Failures.Add($"{name} was told what is not its answer: '{answer}'.");
        return 0;
    }

    private static async Task DrainAsync(Socket socket, CancellationToken overdue)
    {
        byte[] buffer = new byte[256];
        while (await socket.ReceiveAsync(buffer.AsMemory(), overdue) > 0)
        {
            // An answer to a line that was said again.
        }
    }
}

using System.Collections.Concurrent;
using System.Net;
using System.Net.Sockets;
using System.Text;

namespace SeamlessReboot.CrashTests.Load;

/// <summary>Connections to a plain server, a hundred a second: each says a line, and is told by which process it was answered.</summary>
internal sealed class Visitors(EndPoint server, int perSecond)
{
    private readonly ConcurrentDictionary<int, int> _answeredBy = new();
    private readonly Lock _gate = new();
    private TaskCompletionSource _more = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private int _come;
    private int _served;

    public Failures Failures { get; } = new();

    public int Come => _come;

    public int Served => Volatile.Read(ref _served);

    /// <summary>Comes until it is stopped, and then waits for those that are there.</summary>
    public async Task ComeAsync(CancellationToken stopping)
    {
        List<Task> visits = [];
        try
        {
            using PeriodicTimer timer = new(TimeSpan.FromSeconds(1.0 / perSecond));
            while (await timer.WaitForNextTickAsync(stopping))
                visits.Add(VisitAsync(++_come));
        }
        catch (OperationCanceledException)
        {
            // Stopped.
        }

        await Task.WhenAll(visits);
    }

    /// <summary>Waits until somebody has been answered by a process that is not among these.</summary>
    public async Task<int> AnsweredByOtherThanAsync(IReadOnlySet<int> known)
    {
        using CancellationTokenSource overdue = new(Limits.Wait);
        while (true)
        {
            Task more = More();
            if (_answeredBy.Keys.FirstOrDefault(p => !known.Contains(p)) is int found and not 0)
                return found;
            await more.WaitAsync(overdue.Token);
        }
    }

    /// <summary>Waits until so many more have been served.</summary>
    public async Task ServedAsync(int more)
    {
        using CancellationTokenSource overdue = new(Limits.Wait);
        for (int enough = Served + more; Served < enough;)
        {
            Task next = More();
            if (Served < enough)
                await next.WaitAsync(overdue.Token);
        }
    }

    private Task More()
    {
        lock (_gate)
            return _more.Task;
    }

    private async Task VisitAsync(int number)
    {
        using CancellationTokenSource overdue = new(Limits.Wait);
        using Socket socket = new(server.AddressFamily, SocketType.Stream, ProtocolType.Tcp) { NoDelay = true };
        string doing = "connecting";
        try
        {
            await socket.ConnectAsync(server, overdue.Token);
            doing = "waiting for its answer";
            string line = $"visitor {number}\n";
            await socket.SendAsync(Encoding.UTF8.GetBytes(line), overdue.Token);
            Check(await ReadAsync(socket, overdue.Token), line);
            Interlocked.Increment(ref _served);
            Wake();
        }
        catch (Exception e) when (e is SocketException or OperationCanceledException)
        {
            Failures.Add($"Visitor {number} was {doing}: {(e is SocketException s ? s.SocketErrorCode.ToString() : "still, after a minute")}.");
        }
    }

    private static async Task<string> ReadAsync(Socket socket, CancellationToken overdue)
    {
        StringBuilder text = new();
        byte[] buffer = new byte[256];
        int count;
        while ((count = await socket.ReceiveAsync(buffer.AsMemory(), overdue)) > 0)
            text.Append(Encoding.UTF8.GetString(buffer, 0, count));
        return text.ToString();
    }

    private void Check(string answer, string line)
    {
        int space = answer.IndexOf(' ', StringComparison.Ordinal);
        if (space < 0 || answer[(space + 1)..] != line || !int.TryParse(answer.AsSpan(0, space), out int pid))
        {
            Failures.Add($"Visitor said '{line.Trim()}' and was told '{answer.Trim()}'.");
            return;
        }

        _answeredBy.TryAdd(pid, 1);
    }

    private void Wake()
    {
        lock (_gate)
        {
            _more.SetResult();
            _more = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
        }
    }
}

using System.Globalization;
using System.Net;
using System.Net.Sockets;
using System.Text;

namespace SeamlessReboot.CrashTests.Load;

/// <summary>A client whose session is always at work: the next piece of work comes as soon as the last is done, so the session reads for an instant only.</summary>
internal sealed class Worker : IAsyncDisposable
{
    private readonly Socket _socket;
    private readonly string _line;
    private readonly CancellationTokenSource _stopping = new();
    private readonly TaskCompletionSource _atWork = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private Task _working = Task.CompletedTask;

    private Worker(Socket socket, TimeSpan each)
    {
        _socket = socket;
        _line = string.Create(CultureInfo.InvariantCulture, $"!work {each.TotalMilliseconds:0}");
    }

    /// <summary>How many pieces of work are done.</summary>
    public int Done { get; private set; }

    /// <summary>Why it does not work any more; null as long as it does.</summary>
    public string? Failure { get; private set; }

    public static async Task<Worker> StartAsync(EndPoint server, TimeSpan each)
    {
        Worker worker = new(new Socket(server.AddressFamily, SocketType.Stream, ProtocolType.Tcp) { NoDelay = true }, each);
        await worker._socket.ConnectAsync(server).WaitAsync(Limits.Wait);
        worker._working = worker.WorkAsync();
        await worker._atWork.Task.WaitAsync(Limits.Wait);
        return worker;
    }

    public async ValueTask DisposeAsync()
    {
        await _stopping.CancelAsync();
        await _working;
        _socket.Dispose();
        _stopping.Dispose();
    }

    private async Task WorkAsync()
    {
        try
        {
            await using NetworkStream stream = new(_socket);
            using StreamReader answers = new(stream);
            byte[] line = Encoding.ASCII.GetBytes(_line + "\n");
            while (true)
            {
                await stream.WriteAsync(line, _stopping.Token);
                _atWork.TrySetResult();
                string? answer = await answers.ReadLineAsync(_stopping.Token);
                if (answer is null || !answer.EndsWith($" {Done + 1} {_line}", StringComparison.Ordinal))
                {
                    Failure = $"Piece {Done + 1} was answered '{answer}'.";
                    return;
                }

                Done++;
            }
        }
        catch (OperationCanceledException)
        {
            // The test is over.
        }
        catch (Exception e) when (e is IOException or SocketException)
        {
            Failure = e.Message;
        }
    }
}

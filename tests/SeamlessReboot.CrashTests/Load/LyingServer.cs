using System.Net;
using System.Net.Sockets;

namespace SeamlessReboot.CrashTests.Load;

/// <summary>A server in this process, that makes the mistakes which the load's clients have to notice.</summary>
internal sealed class LyingServer : IDisposable
{
    private readonly TcpListener _listener = new(IPAddress.Loopback, 0);
    private readonly Func<LyingSession, string, string?> _answer;
    private int _lastId;

    /// <param name="answer">What a session says to a line, several lines if it likes; null: it hangs up.</param>
    public LyingServer(Func<LyingSession, string, string?> answer)
    {
        _answer = answer;
        _listener.Start();
        _ = AcceptAsync();
    }

    public EndPoint EndPoint => _listener.LocalEndpoint;

    public void Dispose() => _listener.Dispose();

    private async Task AcceptAsync()
    {
        try
        {
            while (true)
                _ = ServeAsync(await _listener.AcceptTcpClientAsync());
        }
        catch (Exception e) when (e is SocketException or ObjectDisposedException)
        {
            // The test is over.
        }
    }

    private async Task ServeAsync(TcpClient client)
    {
        using (client)
        {
            LyingSession session = new(Interlocked.Increment(ref _lastId));
            using StreamReader reader = new(client.GetStream());
            await using StreamWriter writer = new(client.GetStream()) { NewLine = "\n", AutoFlush = true };
            try
            {
                while (await reader.ReadLineAsync() is string line && _answer(session, line) is string answer)
                    await writer.WriteAsync(answer);
            }
            catch (IOException)
            {
                // The client has gone.
            }
        }
    }
}

using System.Net.Sockets;
using System.Text;
using SeamlessReboot;

namespace GameLoop;

// snippet: player
/// <summary>One client, with the buffers that this server always had.</summary>
internal sealed class Player : IRebootSession
{
    private readonly List<byte> _input = [];
    private readonly List<byte> _output = [];

    public Player(Socket socket, PlayerState state, ReadOnlyMemory<byte> unread, ReadOnlyMemory<byte> unsent)
    {
        Socket = socket;
        Socket.Blocking = false;
        State = state;
        _input.AddRange(unread.Span);
        _output.AddRange(unsent.Span);
    }

    public Socket Socket { get; }

    public PlayerState State { get; }

    public void Resume()
    {
        // The loop runs on its own.
    }

    // The loop is what stops, at its safe point; a player has nothing of its own to stop.
    public ValueTask SuspendAsync(CancellationToken cancellationToken) => ValueTask.CompletedTask;

    public SessionSnapshot Capture() => new()
    {
        State = State,
        UnreadInput = _input.ToArray(),
        UnsentOutput = _output.ToArray(),
    };
    // end snippet

    public bool HasOutput => _output.Count > 0;

    public void Say(string line) => _output.AddRange(Encoding.UTF8.GetBytes(line + "\r\n"));

    /// <returns>The next whole line, or null. A line that is still being typed stays in the buffer.</returns>
    public string? TakeLine()
    {
        int end = _input.IndexOf((byte)'\n');
        if (end < 0)
            return null;
        string line = Encoding.UTF8.GetString(_input.GetRange(0, end).ToArray()).TrimEnd('\r');
        _input.RemoveRange(0, end + 1);
        return line;
    }

    /// <returns>False when the client has gone.</returns>
    public bool Receive()
    {
        byte[] buffer = new byte[2048];
        int count = Socket.Receive(buffer, SocketFlags.None, out SocketError error);
        _input.AddRange(buffer.AsSpan(0, count));
        return count > 0 || error == SocketError.WouldBlock;
    }

    /// <summary>Sends what the socket takes; the rest waits for the next round, or for the next image.</summary>
    public void Send()
    {
        if (_output.Count == 0)
            return;
        int count = Socket.Send(_output.ToArray(), SocketFlags.None, out SocketError error);
        if (error == SocketError.Success)
            _output.RemoveRange(0, count);
        else if (error != SocketError.WouldBlock)
            _output.Clear(); // the client has gone; the next Receive will say so
    }
}

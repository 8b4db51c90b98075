using System.Net.Sockets;
using System.Text;
using SeamlessReboot;

namespace GateLoop;

/// <summary>One client, in a task of its own, with a buffer of its own.</summary>
internal sealed class Guest : IRebootSession
{
    private readonly Rebooter _rebooter;
    private readonly GuestState _state;
    private readonly byte[] _buffer = new byte[2048];
    private readonly List<byte> _input = [];
    private bool _isRunning;

    public Guest(Rebooter rebooter, Socket socket, GuestState state, ReadOnlyMemory<byte> unread)
    {
        _rebooter = rebooter;
        Socket = socket;
        _state = state;
        _input.AddRange(unread.Span);
    }

    public Socket Socket { get; }

    // snippet: gate
    public void Resume()
    {
        if (!_isRunning) // after a reboot that was called off it is
            _ = Task.Run(ServeAsync);
        _isRunning = true;
    }

    // What stops is the gate.
    public ValueTask SuspendAsync(CancellationToken cancellationToken) => ValueTask.CompletedTask;

    public SessionSnapshot Capture() => new()
    {
        State = _state,
        UnreadInput = _input.ToArray(),
        UnsentOutput = default, // answers are sent to the end inside the gate
    };

    private async Task ServeAsync()
    {
        bool isThere = true;
        while (isThere)
        {
            await WaitForInputAsync();
            using (await _rebooter.EnterAsync())
                isThere = await ReceiveAndActAsync();
        }
    }

    /// <summary>Takes nothing from the socket: what is taken outside of the gate, nobody carries.</summary>
    private async Task WaitForInputAsync()
    {
        try
        {
            await Socket.ReceiveAsync(Memory<byte>.Empty);
        }
        catch (SocketException)
        {
            // The client has gone; the receive inside the gate says so, too.
        }
    }
    // end snippet

    private async Task<bool> ReceiveAndActAsync()
    {
        try
        {
            int count = await Socket.ReceiveAsync(_buffer);
            _input.AddRange(_buffer.AsSpan(0, count));
            while (TakeLine() is string line)
                await Socket.SendAsync(Encoding.UTF8.GetBytes(Answer(line) + "\r\n"));
            if (count > 0)
                return true;
        }
        catch (SocketException)
        {
            // As below.
        }

        _rebooter.Remove(this); // first, so that no reboot carries a closed socket
        Socket.Dispose();
        return false;
    }

    private string Answer(string line)
    {
        if (_state.Name is null)
        {
            _state.Name = line;
            return $"Hello {line}.";
        }

        return $"{_state.Name} {++_state.Count}: {line}";
    }

    private string? TakeLine()
    {
        int end = _input.IndexOf((byte)'\n');
        if (end < 0)
            return null;
        string line = Encoding.UTF8.GetString(_input.GetRange(0, end).ToArray()).TrimEnd('\r');
        _input.RemoveRange(0, end + 1);
        return line;
    }
}

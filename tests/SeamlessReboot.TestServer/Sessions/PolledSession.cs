using System.Net.Sockets;
using System.Text;

namespace SeamlessReboot.TestServer.Sessions;

/// <summary>A session with buffers of its own, moved on by the game loop.</summary>
internal sealed class PolledSession : IRebootSession
{
    private readonly CounterStateV1 _state;
    private readonly byte[] _chunk = new byte[512];
    private byte[] _input;
    private byte[] _output;

    public PolledSession(Socket socket, CounterStateV1 state, ReadOnlyMemory<byte> input, ReadOnlyMemory<byte> output)
    {
        Socket = socket;
        _state = state;
        _input = input.ToArray();
        _output = output.ToArray();
        socket.Blocking = false;
    }

    public Socket Socket { get; }

    public bool HasOutput => _output.Length > 0;

    public bool IsOver { get; private set; }

    public void Resume()
    {
        // The loop goes on by itself.
    }

    public ValueTask SuspendAsync(CancellationToken cancellationToken) => ValueTask.CompletedTask; // the loop's safe point does it

    public SessionSnapshot Capture() => new() { UnreadInput = _input, UnsentOutput = _output, State = _state };

    /// <summary>Reads at most one chunk, acts on one line, sends what goes.</summary>
    public void Pump()
    {
        int count = Socket.Receive(_chunk, SocketFlags.None, out SocketError error);
        IsOver = error is not SocketError.Success and not SocketError.WouldBlock || (error == SocketError.Success && count == 0);
        if (error == SocketError.Success)
            _input = [.. _input, .. _chunk.AsSpan(0, count)];
        int end = Array.IndexOf(_input, (byte)'\n');
        if (end >= 0)
        {
            string line = Encoding.UTF8.GetString(_input.AsSpan(0, end));
            _input = _input[(end + 1)..];
            _output = [.. _output, .. Encoding.UTF8.GetBytes($"{_state.Id} {++_state.Count} {line}\n")];
        }

        int sent = HasOutput ? Socket.Send(_output, SocketFlags.None, out _) : 0;
        _output = _output[Math.Max(sent, 0)..];
    }
}

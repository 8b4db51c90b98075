using System.Text;
using SeamlessReboot.Angel.Descriptors;
using SeamlessReboot.Angel.Loop;
using SeamlessReboot.Angel.Posix;
using SeamlessReboot.Posix;

namespace SeamlessReboot.Angel.Control;

/// <summary>
/// The socket that the other verbs talk to: one line, one answer. The directory that it is in is its user's alone. Served by the
/// loop itself, a few bytes at a time; it never waits.
/// </summary>
internal sealed class ControlSocket
{
    private const int Backlog = 64, LongestRequest = 1024;
    private const int DontWait = 0x40, NoSignal = 0x4000;
    private static readonly TimeSpan _pause = TimeSpan.FromMilliseconds(200);

    /// <summary>A <see cref="ControlAnswer"/>.</summary>
    private static ReadOnlySpan<byte> Busy => "{\"ok\":false,\"message\":\"The angel has too many requests open. Try again.\"}\n"u8;

    private readonly Dictionary<long, Connection> _connections = [];
    private readonly int _mostConnections = Math.Min(256, StoreRoom.Reserve(Fd.Limit()) / 2); // the other half is for files of /proc, probes and the like
    private readonly Poller _poller;
    private readonly Action<ControlCall> _called;
    private long _next;

    private ControlSocket(int listener, Poller poller, Action<ControlCall> called)
    {
        Listener = listener;
        _poller = poller;
        _called = called;
        poller.WatchInput(listener, Tokens.Control);
    }

    internal int Listener { get; }

    internal IEnumerable<Connection> Connections => _connections.Values;

    internal static ControlSocket Open(string path, Poller poller, Action<ControlCall> called) =>
        new(UnixSockets.OpenListener(path, Backlog), poller, called);

    internal static ControlSocket Adopt(int listener, Poller poller, Action<ControlCall> called) => new(listener, poller, called);

    /// <summary>Takes over a connection from the angel before this one; it is read as if nothing of it had been acted on.</summary>
    internal void Adopt(int fd, string text) => Add(fd, text);

    /// <summary>Accepts the clients that wait.</summary>
    internal void Accept()
    {
        bool isExhausted = true;
        try
        {
            for (int i = 0; i < Backlog && UnixSockets.Accept(Listener, out isExhausted) is >= 0 and int fd; i++)
            {
                if (_connections.Count < _mostConnections)
                {
                    Add(fd, "");
                    continue;
                }

                Send(fd, Busy);
                Fd.Close(fd);
            }
        }
        finally
        {
            if (isExhausted)
                _ = AcceptLaterAsync();
            else
                _poller.WatchInputAgain(Listener, Tokens.Control);
        }
    }

    // It would be reported again at once, and again, for as long as there is no descriptor.
    private async Task AcceptLaterAsync()
    {
        await Task.Delay(_pause).ConfigureAwait(false);
        _poller.WatchInputAgain(Listener, Tokens.Control);
    }

    /// <summary>There is something to read from a connection, or its other side is gone.</summary>
    internal unsafe void Read(long id)
    {
        if (!_connections.TryGetValue(id, out Connection? connection))
            return;
        byte* buffer = stackalloc byte[LongestRequest];
        nint count = Libc.Receive(connection.Fd, buffer, LongestRequest, DontWait);
        if (count <= 0 || connection.Text.Length + count > LongestRequest)
        {
            Close(id);
            return;
        }

        connection.Text += Encoding.UTF8.GetString(buffer, (int)count);
        _poller.WatchInputAgain(connection.Fd, Tokens.FirstConnection + id);
        CallIfWhole(id, connection);
    }

    /// <summary>Nothing is read or accepted any more; what there is stays open.</summary>
    internal void Forget()
    {
        _poller.Forget(Listener);
        foreach (Connection connection in _connections.Values)
            _poller.Forget(connection.Fd);
    }

    private void Add(int fd, string text)
    {
        long id = _next++;
        Connection connection = new() { Fd = fd, Text = text };
        _connections.Add(id, connection);
        _poller.WatchInput(fd, Tokens.FirstConnection + id);
        CallIfWhole(id, connection);
    }

    private void CallIfWhole(long id, Connection connection)
    {
        int end = connection.Text.IndexOf('\n', StringComparison.Ordinal);
        if (end < 0 || connection.IsCalled)
            return;
        connection.IsCalled = true;
        string[] words = connection.Text[..end].Split((char[]?)null, 2, StringSplitOptions.RemoveEmptyEntries | StringSplitOptions.TrimEntries);
        _called(new ControlCall(words.Length > 0 ? words[0] : "", words.Length > 1 ? words[1] : "", line => Answer(id, line)));
    }

    private void Answer(long id, string line)
    {
        if (!_connections.TryGetValue(id, out Connection? connection))
            return; // the client has gone
        Send(connection.Fd, Encoding.UTF8.GetBytes(line + "\n"));
        Close(id);
    }

    private static unsafe void Send(int fd, ReadOnlySpan<byte> bytes)
    {
        fixed (byte* first = bytes)
            _ = Libc.Send(fd, first, bytes.Length, DontWait | NoSignal);
    }

    private void Close(long id)
    {
        if (!_connections.Remove(id, out Connection? connection))
            return;
        _poller.Forget(connection.Fd);
        Fd.Close(connection.Fd);
    }

    /// <summary>One that asks.</summary>
    internal sealed class Connection
    {
        public required int Fd { get; init; }

        /// <summary>What it has said so far.</summary>
        public required string Text { get; set; }

        public bool IsCalled { get; set; }
    }
}

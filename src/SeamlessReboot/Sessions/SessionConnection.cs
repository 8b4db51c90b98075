using System.IO.Pipelines;
using System.Net;
using System.Net.Sockets;
using SeamlessReboot.Posix;

namespace SeamlessReboot;

/// <summary>
/// One client's connection. It owns the bytes that have been read and not acted on, and the bytes that have been said and not
/// sent, so that both can be carried over a reboot.
/// </summary>
/// <remarks>
/// <para>Every read is a safe point: by reading again, the session says that it has acted on all that it read before. While
/// the session is suspended a read does not return, and neither bytes nor a cancellation wake it. A loop that only polls never
/// waits in a read: its safe point is its own (<see cref="PolledSession{TState}"/>).</para>
/// <para>Reading is for one reader at a time, through one of <see cref="Input"/>, <see cref="ReadLineAsync"/>,
/// <see cref="TryReadLine"/>, <see cref="AsReader"/> and <see cref="AsStream"/>. <see cref="WriteAsync(ReadOnlyMemory{byte}, CancellationToken)"/> and <see cref="TryWrite(ReadOnlySpan{byte})"/> may be
/// called by any number of threads; each call's bytes stay together. <see cref="Output"/> is for one writer at a time.</para>
/// <para>Writing to a client that has gone does nothing; the next read ends.</para>
/// <para>No call blocks on a reboot. What is written or closed after <see cref="Capture"/> is in no spool: it takes effect at
/// <see cref="Resume"/>, after a checkpoint or a reboot that was called off, and is gone with the process when the reboot
/// succeeds. So what must not be lost is written by a session, inside the gate or by a loop with a safe point, because all of these
/// stand still by then; only a timer that knows nothing of reboots writes so late.</para>
/// </remarks>
public sealed partial class SessionConnection : IDuplexPipe, IAsyncDisposable, IDisposable
{
    private readonly Lock _gate = new();
    private readonly SessionConnectionOptions _options;
    private readonly EndPoint? _recordedEndPoint; // where the socket is not the client's
    private Flow _flow;
    private bool _closing;
    private bool _closeAtOnce; // asked for while captured
    private bool _closed;
    private readonly TaskCompletionSource _whenClosed = NewSource();

    /// <summary>Takes over a connected socket.</summary>
    /// <param name="socket">From here on the connection's own. Small writes go out at once (TCP_NODELAY).</param>
    /// <param name="options">Limits; the defaults if null.</param>
    /// <exception cref="ArgumentException">The socket is a listener or a datagram socket. One whose client has gone is taken.</exception>
    /// <exception cref="ObjectDisposedException">The socket is closed.</exception>
    public SessionConnection(Socket socket, SessionConnectionOptions? options = null)
        : this(options, socket ?? throw new ArgumentNullException(nameof(socket)))
    {
        RequireConnection(socket);
        if (socket.ProtocolType == ProtocolType.Tcp)
            TrySetNoDelay(socket);
    }

    /// <summary>Takes over a connection from the image before, suspended until <see cref="Resume"/>.</summary>
    internal SessionConnection(Socket socket, SessionConnectionOptions? options, ReadOnlySpan<byte> unread, ReadOnlySpan<byte> unsent,
        EndPoint? recordedEndPoint = null)
        : this(options, socket)
    {
        _recordedEndPoint = recordedEndPoint;
        _flow = Flow.Captured; // nothing is said before it is certain that this image goes on
        PutInput(unread);
        Append(unsent);
    }

    private SessionConnection(SessionConnectionOptions? options, Socket socket)
    {
        Socket = socket;
        _options = options ?? new SessionConnectionOptions();
        _reader = new ConnectionReader(this);
        _writer = new ConnectionWriter(this);
    }

    private enum Flow
    {
        Running,
        Suspended,
        Captured,
    }

    /// <summary>The connection's socket. For looking at; reading from it or writing to it takes bytes that a reboot then misses.</summary>
    public Socket Socket { get; }

    /// <summary>The client's address, or null if it has gone.</summary>
    public EndPoint? RemoteEndPoint => _recordedEndPoint ?? RemoteEndPointOf(Socket);

    /// <summary>The unread input.</summary>
    public PipeReader Input => _reader;

    /// <summary>The output. Bytes that were written and not flushed are carried too.</summary>
    public PipeWriter Output => _writer;

    /// <summary>True once the connection has been closed on this side.</summary>
    public bool IsClosed
    {
        get
        {
            lock (_gate)
                return _closing || _closed;
        }
    }

    /// <summary>
    /// Suspends the connection: reads wait from here on. Writes do not wait any more, even for a client that does not read, so that
    /// the session can finish what it does; they are sent as before until <see cref="Capture"/>. Completes when a read is waiting,
    /// that is, when the session is at a safe point.
    /// </summary>
    /// <remarks>
    /// A connection that has been closed is quiet, and a read of it ends at once, so that its session can end. Whoever closed it may
    /// still be at work: <see cref="RebootSession{TState}"/> waits for that.
    /// </remarks>
    /// <param name="cancellationToken">Ends the waiting, not the suspension.</param>
    /// <exception cref="OperationCanceledException">No read came before the token was cancelled.</exception>
    public ValueTask SuspendAsync(CancellationToken cancellationToken = default)
    {
        Task quiet;
        lock (_gate)
        {
            Suspend();
            if (_reading || _closing)
                return ValueTask.CompletedTask;
            quiet = (_quiet ??= NewSource()).Task;
        }

        return new ValueTask(quiet.WaitAsync(cancellationToken));
    }

    /// <summary>Suspends the connection, of which somebody else knows when it is at a safe point.</summary>
    internal void Suspend()
    {
        lock (_gate)
        {
            if (_flow == Flow.Running)
                _flow = Flow.Suspended;
            ReleaseRoom();
        }
    }

    /// <summary>
    /// Says what has to be carried of this connection. What is written from here on is kept until <see cref="Resume"/>, and is not
    /// carried. Call it when <see cref="SuspendAsync"/> has completed.
    /// </summary>
    /// <param name="state">The session's state.</param>
    /// <param name="kind">See <see cref="SessionSnapshot.Kind"/>.</param>
    /// <typeparam name="TState">The type that the state is written and read as.</typeparam>
    public SessionSnapshot Capture<TState>(TState state, string kind = "")
    {
        lock (_gate)
        {
            _flow = Flow.Captured;
            return new SessionSnapshot
            {
                UnreadInput = _in.AsMemory(_inStart, _inEnd - _inStart),
                UnsentOutput = Unsent(),
                State = state,
                StateType = typeof(TState),
                Kind = kind,
                HasEnded = _closing,
            };
        }
    }

    /// <summary>Lets reads and writes go on. Does nothing if the connection is not suspended.</summary>
    public void Resume()
    {
        bool closing;
        lock (_gate)
        {
            _flow = Flow.Running;
            if (_closeAtOnce)
                Close();
            closing = _closing && !_closed;
            SayQuiet();
            SendQueued();
            CloseIfDone();
        }

        WakeReader();
        if (closing)
            _ = CloseInTimeAsync();
    }

    /// <summary>
    /// Closes the connection when the client has taken what was written, at the latest after
    /// <see cref="SessionConnectionOptions.CloseTimeout"/>. A waiting read ends. While the connection is suspended the task completes
    /// at once, and if the client does not take the rest until <see cref="Capture"/>, the close comes after the reboot.
    /// </summary>
    public async ValueTask DisposeAsync()
    {
        bool isRunning;
        lock (_gate)
        {
            if (_closed)
                return;
            _closing = true;
            isRunning = _flow == Flow.Running;
            SayQuiet();
            CloseIfDone();
        }

        WakeReader();
        if (isRunning)
            await CloseInTimeAsync().ConfigureAwait(false);
    }

    /// <summary>Closes the connection at once; if it is captured, at <see cref="Resume"/>. Unsent output is lost.</summary>
    public void Dispose()
    {
        CloseAtOnce();
        WakeReader();
    }

    private void CloseAtOnce()
    {
        lock (_gate)
        {
            _closing = true;
            SayQuiet();
            if (_flow == Flow.Captured)
                _closeAtOnce = true; // its descriptor has been written down
            else
                Close();
        }
    }

    /// <summary>Completes when the socket has been closed.</summary>
    internal Task Closed => _whenClosed.Task;

    private static TaskCompletionSource NewSource() => new(TaskCreationOptions.RunContinuationsAsynchronously);

    /// <exception cref="ArgumentException">No client can ever speak through it.</exception>
    /// <exception cref="ObjectDisposedException">It is closed.</exception>
    internal static void RequireConnection(Socket socket)
    {
        ObjectDisposedException.ThrowIf(socket.SafeHandle.IsClosed, socket);
        if (socket.SocketType != SocketType.Stream)
            throw new ArgumentException($"It is a {socket.SocketType} socket, and no connection. Use the socket of a client, from Rebooter.AcceptAsync.", nameof(socket));
        if (IsListening(socket))
            throw new ArgumentException("It is a listener, and no connection. Use the socket of a client, from Rebooter.AcceptAsync.", nameof(socket));
    }

    private static bool IsListening(Socket socket)
    {
        if (!OperatingSystem.IsLinux())
            return false;
        using FdLease lease = new(socket.SafeHandle);
        return SocketKernel.IsListening(lease.Fd);
    }

    internal static EndPoint? RemoteEndPointOf(Socket socket)
    {
        try
        {
            return socket.RemoteEndPoint;
        }
        catch (Exception e) when (e is SocketException or ObjectDisposedException)
        {
            return null;
        }
    }

    private static void TrySetNoDelay(Socket socket)
    {
        try
        {
            socket.NoDelay = true;
        }
        catch (SocketException)
        {
            // The client has gone already; the first read will say so.
        }
    }

    // A suspension in between stops it; Resume begins it anew.
    private async Task CloseInTimeAsync()
    {
        try
        {
            await Closed.WaitAsync(_options.CloseTimeout).ConfigureAwait(false);
        }
        catch (TimeoutException)
        {
            lock (_gate)
            {
                if (_flow == Flow.Running)
                    Close();
            }
        }
    }

    private void SayQuiet()
    {
        _quiet?.TrySetResult();
        _quiet = null;
    }

    private void CloseIfDone()
    {
        if (_closing && _flow != Flow.Captured && Queued == 0)
            Close();
    }

    // Shutdown before Dispose: disposing a socket with a receive pending resets the peer, and it would miss our last words.
    private void Close()
    {
        if (_closed)
            return;
        _closed = true;
        CancelSendWait();
        ReleaseRoom();
        try
        {
            Socket.Shutdown(SocketShutdown.Both);
        }
        catch (Exception e) when (e is SocketException or ObjectDisposedException)
        {
            // It has gone already.
        }

        // Bytes left unread would make the close a reset, too. What the client still types is for nobody.
        Span<byte> unread = stackalloc byte[1024];
        for (int i = 0; i < 64 && OperatingSystem.IsLinux() && SocketBytes.Receive(Socket, unread) > 0;)
            i++;
        Socket.Dispose();
        _inputReady?.Dispose();
        _whenClosed.TrySetResult();
    }
}

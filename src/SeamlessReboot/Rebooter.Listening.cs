using System.Net;
using System.Net.Sockets;

namespace SeamlessReboot;

public sealed partial class Rebooter
{
    private readonly Dictionary<string, Socket> _listeners = new(StringComparer.Ordinal);
    private readonly Dictionary<Socket, string> _acceptedFrom = [];
    private readonly Dictionary<string, Queue<Socket>> _waitingAccepted = new(StringComparer.Ordinal);
    private readonly List<string> _socketFiles = [];
    private CancellationTokenSource _suspendAccepts = new();
    private readonly TaskCompletionSource _everyoneRuns = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private int _acceptsUnderWay;
    private TaskCompletionSource? _acceptsQuiet;

    /// <summary>A listening socket: the inherited one of this end point, or a new one.</summary>
    /// <param name="endPoint">
    /// IPv4, IPv6 (which does not take IPv4 clients: listen on both) or a unix socket. Port 0 lets the kernel choose, and the
    /// choice stays over reboots. A socket file that nobody listens on any more is replaced.
    /// </param>
    /// <param name="backlog">How many clients may wait to be accepted, also while the process is being replaced.</param>
    /// <exception cref="SocketException">The address cannot be bound.</exception>
    /// <exception cref="InvalidOperationException">Called after <see cref="Ready"/>.</exception>
    public Socket Listen(EndPoint endPoint, int backlog = 512)
    {
        ArgumentNullException.ThrowIfNull(endPoint);
        ArgumentOutOfRangeException.ThrowIfNegativeOrZero(backlog);
        RequireStarting(nameof(Listen));
        string name = NameOf(endPoint), first = name;
        for (int number = 2; _listeners.ContainsKey(name); number++)
            name = $"{first}#{number}"; // several on port 0
        int? held = TakeDescriptor(name) ?? FindListener(endPoint);
        Socket listener = held is int fd ? Adopt(fd) : ListenAfresh(endPoint, backlog);
        if (held is null)
            StoreLater(listener.SafeHandle);
        _listeners.Add(name, listener);
        if (SocketFileOf(name) is string file)
            _socketFiles.Add(file);
        return listener;
    }

    /// <summary>
    /// Accepts a client. During a reboot it waits; a client that was accepted and not yet added comes out again, here, in the
    /// next image.
    /// </summary>
    /// <param name="listener">From <see cref="Listen"/>.</param>
    /// <param name="cancellationToken">Stops waiting; no client is lost by that.</param>
    /// <returns>The client's socket. Make a session of it and <see cref="Add"/> that before you read or write.</returns>
    /// <exception cref="ArgumentException">The listener does not come from <see cref="Listen"/>.</exception>
    /// <exception cref="SocketException">The listener has failed.</exception>
    /// <exception cref="OperationCanceledException">The token was cancelled.</exception>
    public async ValueTask<Socket> AcceptAsync(Socket listener, CancellationToken cancellationToken = default)
    {
        ArgumentNullException.ThrowIfNull(listener);
        if (ListenerName(listener) is not string name)
            throw new ArgumentException("The listener does not come from Rebooter.Listen, so it would not survive a reboot. Use Listen.", nameof(listener));
        if (IsCrashSafe && _phase != Phase.Starting)
            await _everyoneRuns.Task.WaitAsync(cancellationToken).ConfigureAwait(false);
        while (true)
        {
            cancellationToken.ThrowIfCancellationRequested();
            Task? parked = null;
            CancellationToken suspending = default;
            lock (_gate)
            {
                if (_phase is Phase.Starting)
                    throw new InvalidOperationException("AcceptAsync was called before Ready. Call Ready first: it brings back those who are connected.");
                if (_phase is Phase.Suspending or Phase.Frozen)
                    parked = _resumed.Task;
                else if (TakeWaiting(name) is Socket waiting)
                    return waiting;
                else
                    suspending = _suspendAccepts.Token;
                if (parked is null)
                    _acceptsUnderWay++;
            }

            if (parked is not null)
                await parked.WaitAsync(cancellationToken).ConfigureAwait(false);
            else if (await AcceptOneAsync(listener, name, suspending, cancellationToken).ConfigureAwait(false) is Socket socket)
                return socket;
        }
    }

    private static string NameOf(EndPoint endPoint) => endPoint switch
    {
        IPEndPoint ip => "tcp:" + ip,
        UnixDomainSocketEndPoint unix when unix.ToString() is ['@', ..] => "unix:" + unix,
        UnixDomainSocketEndPoint unix => "unix:" + Path.GetFullPath(unix.ToString()!),
        _ => throw new ArgumentException($"'{endPoint}' is neither an IPEndPoint nor a UnixDomainSocketEndPoint.", nameof(endPoint)),
    };

    // Names of abstract sockets begin with '@'; they have no file.
    private static string? SocketFileOf(string listenerName) =>
        listenerName.StartsWith("unix:/", StringComparison.Ordinal) ? listenerName[5..] : null;

    private static Socket ListenAfresh(EndPoint endPoint, int backlog)
    {
        Socket listener = endPoint is UnixDomainSocketEndPoint
            ? new Socket(AddressFamily.Unix, SocketType.Stream, ProtocolType.Unspecified)
            : new Socket(endPoint.AddressFamily, SocketType.Stream, ProtocolType.Tcp);
        try
        {
            try
            {
                listener.Bind(endPoint);
            }
            catch (SocketException e) when (e.SocketErrorCode == SocketError.AddressAlreadyInUse && IsAbandoned(endPoint))
            {
                File.Delete(endPoint.ToString()!);
                listener.Bind(endPoint);
            }

            listener.Listen(backlog);
            return listener;
        }
        catch
        {
            listener.Dispose();
            throw;
        }
    }

    private static bool IsAbandoned(EndPoint endPoint)
    {
        if (endPoint is not UnixDomainSocketEndPoint)
            return false;
        using Socket probe = new(AddressFamily.Unix, SocketType.Stream, ProtocolType.Unspecified);
        try
        {
            probe.Connect(endPoint);
            return false;
        }
        catch (SocketException e)
        {
            return e.SocketErrorCode == SocketError.ConnectionRefused;
        }
    }

    private async Task<Socket?> AcceptOneAsync(Socket listener, string name, CancellationToken suspending, CancellationToken cancellationToken)
    {
        Socket? socket = null;
        try
        {
            using CancellationTokenSource? both = cancellationToken.CanBeCanceled
                ? CancellationTokenSource.CreateLinkedTokenSource(suspending, cancellationToken)
                : null;
            socket = await listener.AcceptAsync(both?.Token ?? suspending).ConfigureAwait(false);
            socket = HoldAccepted(socket);
        }
        catch (OperationCanceledException) when (suspending.IsCancellationRequested)
        {
            // Parked until the reboot is called off.
        }
        finally
        {
            TaskCompletionSource? quiet = null;
            lock (_gate)
            {
                if (socket is not null)
                {
                    Track(socket, name);
                    if (_phase is Phase.Suspending)
                    {
                        PutWaiting(name, socket);
                        socket = null;
                    }
                }

                if (--_acceptsUnderWay == 0)
                    quiet = _acceptsQuiet;
            }

            quiet?.TrySetResult();
        }

        return socket;
    }

    private void Track(Socket socket, string listenerName)
    {
        // Those that the application has closed without ever adding them.
        if (_acceptedFrom.Count > 64)
            foreach (Socket closed in _acceptedFrom.Keys.Where(s => s.SafeHandle.IsClosed).ToArray())
                _acceptedFrom.Remove(closed);
        _acceptedFrom[socket] = listenerName;
    }

    private string? ListenerName(Socket listener)
    {
        foreach ((string name, Socket known) in _listeners)
            if (known == listener)
                return name;
        return null;
    }

    private void PutWaiting(string listenerName, Socket socket)
    {
        if (!_waitingAccepted.TryGetValue(listenerName, out Queue<Socket>? queue))
            _waitingAccepted.Add(listenerName, queue = new Queue<Socket>());
        queue.Enqueue(socket);
    }

    private Socket? TakeWaiting(string listenerName) =>
        _waitingAccepted.TryGetValue(listenerName, out Queue<Socket>? queue) && queue.TryDequeue(out Socket? socket) ? socket : null;

    private Task WhenAcceptsQuietAsync()
    {
        lock (_gate)
        {
            if (_acceptsUnderWay == 0)
                return Task.CompletedTask;
            return (_acceptsQuiet = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously)).Task;
        }
    }

    // With a damaged spool the listener has no name any more, but it is still there, and its address is taken by it.
    private int? FindListener(EndPoint endPoint)
    {
        if (_inherited is null)
            return null;
        SocketAddress address = endPoint.Serialize();
        return _inherited.TakeListener(address.Buffer.Span[..address.Size]);
    }

    private void CloseListeners()
    {
        foreach (Socket listener in _listeners.Values)
            listener.Dispose();
        foreach (string file in _socketFiles)
            File.Delete(file);
    }
}

using System.Net.Sockets;
using System.Runtime.InteropServices;
using Microsoft.Win32.SafeHandles;
using SeamlessReboot.Posix;

namespace SeamlessReboot;

/// <summary>
/// Accepts clients, stops doing so while a reboot suspends, and knows who was let in and is no session: those to whom nobody has spoken
/// are carried too, and come out of AcceptAsync again. Thread-safe.
/// </summary>
internal sealed class Acceptor(ServerContext context, SupervisorLink supervisor, SpareDescriptors spare) : IDisposable
{
    private readonly Lock _lock = new();
    private readonly AcceptTrouble _trouble = new(context, spare);
    private readonly Dictionary<Socket, AcceptedClient> _accepted = [];
    private readonly Dictionary<string, Queue<AcceptedClient>> _waiting = new(StringComparer.Ordinal);
    private readonly List<SafeFileHandle> _duplicates = [];
    private readonly TaskCompletionSource _everyoneRuns = NewSource();
    private CancellationTokenSource _suspending = new();
    private TaskCompletionSource? _resumed; // while suspended
    private TaskCompletionSource? _quiet;
    private int _underWay;
    private int _sweepAt = 64;
    private bool _isOpen;

    /// <summary>Ready: from here on clients are let in.</summary>
    internal void Open()
    {
        lock (_lock)
            _isOpen = true;
    }

    /// <summary>Those who were there before the reboot run again. Under a supervisor nobody is let in before that.</summary>
    internal void EveryoneRuns() => _everyoneRuns.TrySetResult();

    internal IEnumerable<SafeHandle> Handles() => Accepted().Select(a => (SafeHandle)a.Socket.SafeHandle);

    /// <summary>
    /// Those who were accepted and not added. The application may be serving them, and does not stand still: what has been handed out is
    /// duplicated, so that the number stays this client's when the application closes it.
    /// </summary>
    internal IEnumerable<(AcceptedClient Client, SafeHandle Handle)> Capture()
    {
        foreach (AcceptedClient client in Accepted())
        {
            SafeHandle handle = client.Socket.SafeHandle;
            if (client.IsHandedOut && Fd.TryDuplicate(handle) is SafeFileHandle duplicate)
            {
                lock (_lock)
                    _duplicates.Add(duplicate);
                handle = duplicate;
            }

            if (!handle.IsClosed)
                yield return (client, handle);
        }
    }

    /// <summary>It is a session now.</summary>
    internal void Forget(Socket socket)
    {
        lock (_lock)
            _accepted.Remove(socket);
    }

    /// <summary>One that the image before has accepted.</summary>
    internal void PutBack(string listener, Socket socket)
    {
        AcceptedClient client = new(socket, listener);
        lock (_lock)
        {
            _accepted[socket] = client;
            PutWaiting(client);
        }
    }

    /// <summary>Those whom the image before has accepted on a listener that is gone.</summary>
    internal void TurnAway(string listener)
    {
        List<AcceptedClient> waiting = [];
        lock (_lock)
        {
            while (TakeWaiting(listener) is AcceptedClient client && _accepted.Remove(client.Socket))
                waiting.Add(client);
        }

        foreach (AcceptedClient client in waiting)
            client.Socket.Dispose();
    }

    /// <summary>Somebody has gone: there may be room for somebody else.</summary>
    internal void RoomWasMade() => _trouble.TryAgain();

    /// <param name="listener">Where.</param>
    /// <param name="name">The listener's name.</param>
    /// <param name="farewell">What a client that is not to be carried is told by the next image; null when it is to be carried.</param>
    /// <param name="cancellationToken">Ends the waiting.</param>
    internal async ValueTask<Socket> AcceptAsync(Socket listener, string name, byte[]? farewell, CancellationToken cancellationToken)
    {
        if (supervisor.HoldsDescriptors && _isOpen)
            await _everyoneRuns.Task.WaitAsync(cancellationToken).ConfigureAwait(false);
        while (true)
        {
            cancellationToken.ThrowIfCancellationRequested();
            while (_trouble.IsFull())
                await _trouble.WaitAsync(name, failure: null, cancellationToken).ConfigureAwait(false);
            Task? parked;
            CancellationToken suspending;
            lock (_lock)
            {
                if (!_isOpen)
                    throw new InvalidOperationException("AcceptAsync was called before Ready. Call Ready first: it brings back those who are connected.");
                parked = _resumed?.Task;
                if (parked is null && TakeWaiting(name) is AcceptedClient waiting)
                    return HandOut(waiting, farewell);
                suspending = _suspending.Token;
                if (parked is null)
                    _underWay++;
            }

            try
            {
                if (parked is not null)
                    await parked.WaitAsync(cancellationToken).ConfigureAwait(false);
                else if (await AcceptOneAsync(listener, name, farewell, suspending, cancellationToken).ConfigureAwait(false) is Socket socket)
                    return socket;
            }
            catch (SocketException e) when (AcceptTrouble.WillPass(e))
            {
                await _trouble.WaitAsync(name, e, cancellationToken).ConfigureAwait(false);
            }
            catch (SocketException e) when (listener.SafeHandle.IsClosed)
            {
                throw new ObjectDisposedException($"The listener {name} has been closed.", e);
            }
        }
    }

    /// <summary>Lets nobody in any more; completes when no accept is under way.</summary>
    internal Task SuspendAsync()
    {
        CancellationTokenSource suspending;
        Task quiet;
        lock (_lock)
        {
            _resumed ??= NewSource();
            suspending = _suspending;
            quiet = _underWay == 0 ? Task.CompletedTask : (_quiet ??= NewSource()).Task;
        }

        suspending.Cancel();
        return quiet;
    }

    internal void Resume()
    {
        TaskCompletionSource? resumed;
        lock (_lock)
        {
            _suspending.Dispose();
            _suspending = new CancellationTokenSource();
            _quiet = null;
            resumed = _resumed;
            _resumed = null;
            foreach (SafeFileHandle duplicate in _duplicates)
                duplicate.Dispose();
            _duplicates.Clear();
        }

        resumed?.TrySetResult();
    }

    /// <summary>The end: who waits in AcceptAsync is left alone.</summary>
    public void Dispose() => _suspending.Dispose();

    private AcceptedClient[] Accepted()
    {
        lock (_lock)
            return [.. _accepted.Values.Where(a => !a.IsClosed)];
    }

    private async Task<Socket?> AcceptOneAsync(Socket listener, string name, byte[]? farewell, CancellationToken suspending, CancellationToken cancellationToken)
    {
        Socket? socket = null;
        try
        {
            using CancellationTokenSource? both = cancellationToken.CanBeCanceled
                ? CancellationTokenSource.CreateLinkedTokenSource(suspending, cancellationToken)
                : null;
            socket = await listener.AcceptAsync(both?.Token ?? suspending).ConfigureAwait(false);
            _trouble.LetIn(name, (int)socket.SafeHandle.DangerousGetHandle());
            if (farewell is null)
                socket = supervisor.HoldAccepted(socket);
        }
        catch (OperationCanceledException) when (suspending.IsCancellationRequested)
        {
            // Parked until the reboot is called off.
        }
        finally
        {
            TaskCompletionSource? quiet = null;
            lock (_lock)
            {
                if (socket is not null)
                {
                    AcceptedClient client = Track(socket, name);
                    if (_resumed is null)
                    {
                        client.HandOut(farewell);
                    }
                    else
                    {
                        PutWaiting(client);
                        socket = null;
                    }
                }

                if (--_underWay == 0)
                    quiet = _quiet;
            }

            quiet?.TrySetResult();
        }

        return socket;
    }

    private Socket HandOut(AcceptedClient client, byte[]? farewell)
    {
        if (farewell is not null)
            supervisor.ReleaseAccepted(client.Socket);
        client.HandOut(farewell);
        return client.Socket;
    }

    private AcceptedClient Track(Socket socket, string listener)
    {
        // Those that the application has closed without ever adding them.
        if (_accepted.Count >= _sweepAt)
        {
            foreach (Socket closed in _accepted.Keys.Where(s => s.SafeHandle.IsClosed).ToArray())
                _accepted.Remove(closed);
            _sweepAt = Math.Max(64, _accepted.Count * 2);
        }

        return _accepted[socket] = new AcceptedClient(socket, listener);
    }

    private void PutWaiting(AcceptedClient client)
    {
        if (!_waiting.TryGetValue(client.Listener, out Queue<AcceptedClient>? queue))
            _waiting.Add(client.Listener, queue = new Queue<AcceptedClient>());
        queue.Enqueue(client);
    }

    private AcceptedClient? TakeWaiting(string listener) =>
        _waiting.TryGetValue(listener, out Queue<AcceptedClient>? queue) && queue.TryDequeue(out AcceptedClient? client) ? client : null;

    private static TaskCompletionSource NewSource() => new(TaskCreationOptions.RunContinuationsAsynchronously);
}

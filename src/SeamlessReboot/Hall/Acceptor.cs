using System.Net.Sockets;
using System.Runtime.InteropServices;

namespace SeamlessReboot;

/// <summary>
/// Accepts clients, stops doing so while a reboot suspends, and knows who was let in and is no session yet: they are carried too,
/// and come out of AcceptAsync again. Thread-safe.
/// </summary>
internal sealed class Acceptor(SupervisorLink supervisor) : IDisposable
{
    private const int ManyAccepted = 64;
    private readonly Lock _lock = new();
    private readonly Dictionary<Socket, string> _accepted = [];
    private readonly Dictionary<string, Queue<Socket>> _waiting = new(StringComparer.Ordinal);
    private readonly TaskCompletionSource _everyoneRuns = NewSource();
    private CancellationTokenSource _suspending = new();
    private TaskCompletionSource? _resumed; // while suspended
    private TaskCompletionSource? _quiet;
    private int _underWay;
    private bool _isOpen;

    /// <summary>Ready: from here on clients are let in.</summary>
    internal void Open()
    {
        lock (_lock)
            _isOpen = true;
    }

    /// <summary>Those who were there before the reboot run again. Under a supervisor nobody is let in before that.</summary>
    internal void EveryoneRuns() => _everyoneRuns.TrySetResult();

    /// <summary>Those who were accepted and not added, with the names of their listeners.</summary>
    internal KeyValuePair<Socket, string>[] Accepted()
    {
        lock (_lock)
            return [.. _accepted.Where(a => !a.Key.SafeHandle.IsClosed)];
    }

    internal IEnumerable<SafeHandle> Handles() => Accepted().Select(a => (SafeHandle)a.Key.SafeHandle);

    /// <summary>It is a session now.</summary>
    internal void Forget(Socket socket)
    {
        lock (_lock)
            _accepted.Remove(socket);
    }

    /// <summary>One that the image before has accepted.</summary>
    internal void PutBack(string listener, Socket socket)
    {
        lock (_lock)
        {
            _accepted[socket] = listener;
            PutWaiting(listener, socket);
        }
    }

    internal async ValueTask<Socket> AcceptAsync(Socket listener, string name, CancellationToken cancellationToken)
    {
        if (supervisor.HoldsDescriptors && _isOpen)
            await _everyoneRuns.Task.WaitAsync(cancellationToken).ConfigureAwait(false);
        while (true)
        {
            cancellationToken.ThrowIfCancellationRequested();
            Task? parked;
            CancellationToken suspending;
            lock (_lock)
            {
                if (!_isOpen)
                    throw new InvalidOperationException("AcceptAsync was called before Ready. Call Ready first: it brings back those who are connected.");
                parked = _resumed?.Task;
                if (parked is null && TakeWaiting(name) is Socket waiting)
                    return waiting;
                suspending = _suspending.Token;
                if (parked is null)
                    _underWay++;
            }

            if (parked is not null)
                await parked.WaitAsync(cancellationToken).ConfigureAwait(false);
            else if (await AcceptOneAsync(listener, name, suspending, cancellationToken).ConfigureAwait(false) is Socket socket)
                return socket;
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
        }

        resumed?.TrySetResult();
    }

    /// <summary>The end: who waits in AcceptAsync is left alone.</summary>
    public void Dispose() => _suspending.Dispose();

    private async Task<Socket?> AcceptOneAsync(Socket listener, string name, CancellationToken suspending, CancellationToken cancellationToken)
    {
        Socket? socket = null;
        try
        {
            using CancellationTokenSource? both = cancellationToken.CanBeCanceled
                ? CancellationTokenSource.CreateLinkedTokenSource(suspending, cancellationToken)
                : null;
            socket = supervisor.HoldAccepted(await listener.AcceptAsync(both?.Token ?? suspending).ConfigureAwait(false));
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
                    Track(socket, name);
                    if (_resumed is not null)
                    {
                        PutWaiting(name, socket);
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

    private void Track(Socket socket, string listener)
    {
        // Those that the application has closed without ever adding them.
        if (_accepted.Count > ManyAccepted)
            foreach (Socket closed in _accepted.Keys.Where(s => s.SafeHandle.IsClosed).ToArray())
                _accepted.Remove(closed);
        _accepted[socket] = listener;
    }

    private void PutWaiting(string listener, Socket socket)
    {
        if (!_waiting.TryGetValue(listener, out Queue<Socket>? queue))
            _waiting.Add(listener, queue = new Queue<Socket>());
        queue.Enqueue(socket);
    }

    private Socket? TakeWaiting(string listener) =>
        _waiting.TryGetValue(listener, out Queue<Socket>? queue) && queue.TryDequeue(out Socket? socket) ? socket : null;

    private static TaskCompletionSource NewSource() => new(TaskCreationOptions.RunContinuationsAsynchronously);
}

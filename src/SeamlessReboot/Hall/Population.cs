using System.Net.Sockets;
using Microsoft.Extensions.Logging;

namespace SeamlessReboot;

/// <summary>Who is connected and can be stopped: the sessions, the application's safe points, and the gate. Thread-safe.</summary>
internal sealed class Population(ILogger log)
{
    private readonly Lock _lock = new();
    private readonly Dictionary<IRebootSession, SessionEntry> _sessions = new(ReferenceEqualityComparer.Instance);
    private readonly HashSet<Socket> _sockets = [];
    private readonly List<SafePoint> _safePoints = [];
    private Phase _phase = Phase.Starting;
    private TaskCompletionSource _resumed = NewSource();
    private long _lastId;

    internal Gate Gate { get; } = new();

    internal Phase Phase
    {
        get
        {
            lock (_lock)
                return _phase;
        }
    }

    internal int Count
    {
        get
        {
            lock (_lock)
                return _sessions.Count;
        }
    }

    /// <summary>The last session number that was given; none is given twice.</summary>
    internal long LastId => Interlocked.Read(ref _lastId);

    /// <summary>Of a session that was there once, so that its number is not given again.</summary>
    internal void RaiseLastId(long id) => Interlocked.Exchange(ref _lastId, Math.Max(LastId, id));

    /// <summary>The living sessions, in the order in which they were added.</summary>
    internal List<SessionEntry> Entries()
    {
        lock (_lock)
        {
            List<SessionEntry> entries = [.. _sessions.Values];
            entries.Sort(static (a, b) => a.Id.CompareTo(b.Id));
            return entries;
        }
    }

    internal SessionEntry? Find(IRebootSession? session)
    {
        lock (_lock)
            return session is not null && _sessions.TryGetValue(session, out SessionEntry? entry) ? entry : null;
    }

    /// <exception cref="InvalidOperationException">Before Ready.</exception>
    /// <exception cref="ArgumentException">It has been added already.</exception>
    internal void RequireNew(IRebootSession session)
    {
        lock (_lock)
        {
            if (_phase == Phase.Starting)
                throw new InvalidOperationException("Add was called before Ready. Sessions of the image before are brought back by Restore; "
                    + "add new ones after Ready.");
            if (_sessions.ContainsKey(session))
                throw new ArgumentException("The session has been added already.", nameof(session));
            if (_sockets.Contains(session.Socket))
                throw new ArgumentException("Another session has this socket. Remove that one first, or give each client one session.", nameof(session));
        }
    }

    /// <summary>Adds a session. While everyone is frozen the call waits.</summary>
    /// <param name="session">The session.</param>
    /// <param name="identity">What its descriptor has to be.</param>
    /// <param name="whenAdded">Called before anybody can see that it is there.</param>
    internal SessionEntry Add(IRebootSession session, byte[] identity, Action<SessionEntry> whenAdded) =>
        WhenNotFrozen(() => AddNow(session, identity, whenAdded));

    /// <summary>The same; while everyone is frozen the task waits.</summary>
    internal async Task<SessionEntry> AddAsync(IRebootSession session, byte[] identity, Action<SessionEntry> whenAdded, CancellationToken cancellationToken)
    {
        while (true)
        {
            if (IfNotFrozen(() => AddNow(session, identity, whenAdded), out SessionEntry? entry) is not Task resumed)
                return entry!;
            await resumed.WaitAsync(cancellationToken).ConfigureAwait(false);
        }
    }

    /// <summary>A session that has come over a reboot, before Ready.</summary>
    internal void AddRestored(SessionEntry entry)
    {
        lock (_lock)
        {
            _sessions.Add(entry.Session, entry);
            _sockets.Add(entry.Socket);
        }
    }

    /// <summary>Takes a session out. While everyone is frozen the call waits.</summary>
    /// <returns>Null when it was not there.</returns>
    internal SessionEntry? Remove(IRebootSession session) => WhenNotFrozen(() => RemoveNow(session));

    /// <summary>The same; while everyone is frozen the task waits.</summary>
    internal async Task<SessionEntry?> RemoveAsync(IRebootSession session)
    {
        while (true)
        {
            if (IfNotFrozen(() => RemoveNow(session), out SessionEntry? entry) is not Task resumed)
                return entry;
            await resumed.ConfigureAwait(false);
        }
    }

    /// <summary>Does something with a session that is still there, at a time when the set of sessions may change.</summary>
    internal bool With(IRebootSession session, Func<SessionEntry, bool> action) =>
        WhenNotFrozen(() => _sessions.TryGetValue(session, out SessionEntry? entry) && action(entry));

    internal SafePoint Add(SafePoint point)
    {
        ArgumentException.ThrowIfNullOrEmpty(point.Name, "name");
        return WhenNotFrozen(() =>
        {
            _safePoints.Add(point);
            return point;
        });
    }

    internal void Remove(SafePoint point)
    {
        lock (_lock)
            _safePoints.Remove(point);
    }

    internal SafePoint[] SafePoints()
    {
        lock (_lock)
            return [.. _safePoints];
    }

    /// <summary>Ready: from here on sessions run.</summary>
    internal void Serve()
    {
        lock (_lock)
            _phase = Phase.Serving;
        foreach (SessionEntry entry in Entries())
            Resume(entry, entry.ResumeUnlessSuspended);
    }

    internal void BeginSuspending()
    {
        lock (_lock)
        {
            RequireNotStopped();
            _resumed = NewSource();
            _phase = Phase.Suspending;
        }
    }

    /// <summary>From here on Add, Remove and what ends a session wait.</summary>
    internal void Freeze()
    {
        lock (_lock)
        {
            RequireNotStopped();
            _phase = Phase.Frozen;
        }
    }

    /// <summary>Lets everyone go on.</summary>
    /// <param name="except">Sessions and safe points that are still to stop.</param>
    internal void Resume(IReadOnlyCollection<object>? except = null)
    {
        TaskCompletionSource resumed;
        lock (_lock)
        {
            if (_phase != Phase.Stopped)
                _phase = Phase.Serving;
            resumed = _resumed;
        }

        foreach (SessionEntry entry in Entries())
            if (except is null || !except.Contains(entry))
                Resume(entry, entry.Resume);
        Gate.Open();
        foreach (SafePoint point in SafePoints())
            if (except is null || !except.Contains(point))
                point.Release();
        resumed.TrySetResult();
    }

    private void RequireNotStopped()
    {
        if (_phase == Phase.Stopped)
            throw new OperationCanceledException("The server is being stopped.");
    }

    // One session that cannot go on must not keep the others from it.
    private void Resume(SessionEntry entry, Action resume)
    {
        try
        {
            resume();
        }
#pragma warning disable CA1031 // the application's code
        catch (Exception e)
#pragma warning restore CA1031
        {
            Log.ResumeFailed(log, entry.Id, Failure.Text(e), e);
        }
    }

    /// <returns>The phase that it was in.</returns>
    internal Phase Stop()
    {
        lock (_lock)
        {
            Phase before = _phase;
            _phase = Phase.Stopped;
            return before;
        }
    }

    /// <summary>Runs under the lock, at a time when what is carried may change. While everyone is frozen the call waits.</summary>
    internal T WhenNotFrozen<T>(Func<T> action)
    {
        while (true)
        {
            if (IfNotFrozen(action, out T? result) is not Task resumed)
                return result!;
            resumed.GetAwaiter().GetResult();
        }
    }

    /// <returns>Null when it was done; else what has to be waited for.</returns>
    private Task? IfNotFrozen<T>(Func<T> action, out T? result)
    {
        lock (_lock)
        {
            result = default;
            if (_phase == Phase.Frozen)
            {
                return RebootRun.IsCurrent
                    ? throw new InvalidOperationException("Sessions or listeners were added or removed from within a reboot (Capture, a save "
                        + "callback or OnSuspending). At that time nothing may change any more.")
                    : _resumed.Task;
            }

            result = action();
            return null;
        }
    }

    private SessionEntry? RemoveNow(IRebootSession session) =>
        _sessions.Remove(session, out SessionEntry? entry) && _sockets.Remove(entry.Socket) ? entry : null;

    private SessionEntry AddNow(IRebootSession session, byte[] identity, Action<SessionEntry> whenAdded)
    {
        RequireNew(session);
        SessionEntry entry = new(++_lastId, session, identity, isSuspended: _phase == Phase.Suspending);
        _sessions.Add(session, entry);
        _sockets.Add(entry.Socket);
        whenAdded(entry);
        return entry;
    }

    private static TaskCompletionSource NewSource() => new(TaskCreationOptions.RunContinuationsAsynchronously);
}

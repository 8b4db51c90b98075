using SeamlessReboot.Descriptors;
using SeamlessReboot.Spool;

namespace SeamlessReboot;

public sealed partial class Rebooter
{
    private readonly Dictionary<IRebootSession, SessionEntry> _sessions = new(ReferenceEqualityComparer.Instance);
    private readonly List<SafePoint> _safePoints = [];
    private readonly Gate _commands = new();
    private long _lastId;
    private TaskCompletionSource _resumed = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private RebootRun? _run;
    private string? _requestedSoon;

    /// <summary>Adds a session and resumes it. From here on it is carried over reboots.</summary>
    /// <param name="session">The session. During a reboot the call waits.</param>
    /// <exception cref="ArgumentException">It has been added already.</exception>
    /// <exception cref="InvalidOperationException">Called before <see cref="Ready"/>, or from within a reboot.</exception>
    /// <exception cref="ObjectDisposedException">The session's socket is closed.</exception>
    public void Add(IRebootSession session)
    {
        ArgumentNullException.ThrowIfNull(session);
        byte[] identity = IsSupported ? FdIdentity.Of(session.Socket.SafeHandle).Encode() : [];
        RequireNew(session);
        SpoolRecord? record = RecordOf(session, session.Capture);
        SessionEntry entry = WhenNotFrozen(() =>
        {
            SessionEntry added = new(++_lastId, session, identity, isSuspended: _phase == Phase.Suspending);
            RequireNew(session);
            _sessions.Add(session, added);
            _acceptedFrom.Remove(session.Socket);
            Hold(added, record is null ? null : record with { Identity = identity });
            return added;
        });
        Attach(entry);
        entry.ResumeUnlessSuspended();
    }

    /// <summary>Takes a session out, because its connection has ended. Sessions derived from <see cref="RebootSession{TState}"/> do it themselves.</summary>
    /// <param name="session">The session. During a reboot the call waits.</param>
    /// <returns>False when it was not there.</returns>
    /// <exception cref="InvalidOperationException">Called from within a reboot.</exception>
    public bool Remove(IRebootSession session)
    {
        ArgumentNullException.ThrowIfNull(session);
        return WhenNotFrozen(() =>
        {
            if (!_sessions.Remove(session, out SessionEntry? entry))
                return false;
            if (IsCrashSafe && entry.Session.Socket is not AcceptedSocket) // that one says so itself, when it is closed
                _supervisor!.Remove(StoreName('c', entry.Identity));
            return true;
        });
    }

    private void RequireNew(IRebootSession session)
    {
        lock (_gate)
        {
            if (_phase == Phase.Starting)
                throw new InvalidOperationException("Add was called before Ready. Sessions of the image before are brought back by Restore; "
                    + "add new ones after Ready.");
            if (_sessions.ContainsKey(session))
                throw new ArgumentException("The session has been added already.", nameof(session));
        }
    }

    /// <summary>The living sessions, in the order in which they were added.</summary>
    public IReadOnlyList<IRebootSession> GetSessions() => [.. Entries().Select(e => e.Session)];

    /// <summary>Asks for a reboot and returns at once. May be called from anywhere, inside a session too.</summary>
    /// <param name="reason">For log and report.</param>
    /// <returns>
    /// False when it was refused: one is under way, the rebooter is stopped, or this is no Linux. The log says which. A request
    /// made before <see cref="Ready"/>, or during a checkpoint, is taken up after it.
    /// </returns>
    public bool RequestReboot(string reason)
    {
        ArgumentNullException.ThrowIfNull(reason);
        lock (_gate)
        {
            if (IsSupported && (_phase == Phase.Starting || _run is { IsCheckpoint: true }))
            {
                _requestedSoon = reason;
                return true;
            }
        }

        if (Begin(reason, out RebootRun? run) is string refusal)
        {
            Log.Refused(_log, reason, refusal);
            return false;
        }

        RunOnThread(() => Reboot(run!));
        return true;
    }

    /// <summary>Reboots. For callers outside of any session: a session would wait for itself, and should use <see cref="RequestReboot"/>.</summary>
    /// <param name="reason">For log and report.</param>
    /// <returns>A task that fails when the reboot is called off. When it succeeds there is nobody left to be told.</returns>
    /// <exception cref="RebootException">The reboot was refused or called off; the server is serving as before.</exception>
    public async Task RebootAsync(string reason)
    {
        ArgumentNullException.ThrowIfNull(reason);
        RebootRun? run;
        while (Begin(reason, out run) is string refusal)
            await WhenCheckpointIsOver(refusal).ConfigureAwait(false);
        RunOnThread(() => Reboot(run!));
        throw (await run!.Over.Task.ConfigureAwait(false))!;
    }

    /// <summary>
    /// Looks at all that can be known to fail before anyone is disturbed: spool, free space, the program to start, and (unless
    /// switched off) whether the new version starts.
    /// </summary>
    /// <exception cref="RebootException">A reboot would be called off now, and why.</exception>
    public void CheckReboot()
    {
        RebootRun? run;
        while (Begin("check", out run) is string refusal)
            WhenCheckpointIsOver(refusal).Wait();
        try
        {
            Check(run!);
        }
        catch (Exception e) when (e is not RebootException)
        {
            throw new RebootException(RebootStage.Check, $"A reboot would be called off: {e.Message}", e);
        }
        finally
        {
            run!.UndoAll(_log);
            lock (_gate)
                _run = null;
            run.Over.TrySetResult(new RebootException(RebootStage.Check, "It was only a check."));
        }
    }

    /// <summary>Reboots because of a failure that the application has caught itself, with the same guard against loops as after a crash.</summary>
    /// <param name="failure">For log and report.</param>
    /// <param name="culprit">The session that it happened in, if known.</param>
    /// <returns>False when it could not, or has happened too often of late: exit then. Otherwise it does not return.</returns>
    public bool RebootAfter(Exception failure, IRebootSession? culprit = null)
    {
        ArgumentNullException.ThrowIfNull(failure);
        return RebootAfterCrash(failure, culprit ?? SessionContext.Current);
    }

    /// <summary>Adds a loop that reboots have to stop at a safe point. See <see cref="SafePoint.Poll"/>.</summary>
    /// <param name="name">How reports call it.</param>
    public SafePoint AddSafePoint(string name) => AddSafePoint(new SafePoint(name, null, RemoveSafePoint));

    /// <summary>Adds a single-threaded context: reboots hold it between two of its callbacks.</summary>
    /// <param name="name">How reports call it.</param>
    /// <param name="context">Where the application's code runs. The hold is posted to it.</param>
    public SafePoint AddSafePoint(string name, SynchronizationContext context)
    {
        ArgumentNullException.ThrowIfNull(context);
        return AddSafePoint(new SafePoint(name, context, RemoveSafePoint));
    }

    /// <summary>
    /// A gate around a piece of work outside of sessions that a reboot must not interrupt: reboots wait for those inside, and
    /// let nobody in. Not re-entrant.
    /// </summary>
    /// <param name="cancellationToken">Ends the waiting.</param>
    /// <returns>To be disposed when the work is done.</returns>
    /// <exception cref="OperationCanceledException">The token was cancelled.</exception>
    public ValueTask<IDisposable> EnterAsync(CancellationToken cancellationToken = default) => _commands.EnterAsync(cancellationToken);

    private SafePoint AddSafePoint(SafePoint point)
    {
        ArgumentException.ThrowIfNullOrEmpty(point.Name, "name");
        WhenNotFrozen<object?>(() =>
        {
            _safePoints.Add(point);
            return null;
        });
        return point;
    }

    private void RemoveSafePoint(SafePoint point)
    {
        lock (_gate)
            _safePoints.Remove(point);
    }

    private List<SessionEntry> Entries()
    {
        lock (_gate)
        {
            List<SessionEntry> entries = [.. _sessions.Values];
            entries.Sort(static (a, b) => a.Id.CompareTo(b.Id));
            return entries;
        }
    }

    private void Attach(SessionEntry entry)
    {
        if (entry.Session is not IEndingSession ending)
            return;
        ending.Ended = failure =>
        {
            if (failure is not null)
                Log.SessionFailed(_log, entry.Id, failure);
            Remove(entry.Session);
        };
        ending.Saving = snapshot => Save(entry.Session, snapshot);
    }

    /// <summary>Runs under the lock, at a time when the set of sessions may change.</summary>
    private T WhenNotFrozen<T>(Func<T> action)
    {
        while (true)
        {
            Task resumed;
            lock (_gate)
            {
                if (_phase != Phase.Frozen)
                    return action();
                if (RebootRun.IsCurrent)
                    throw new InvalidOperationException("Sessions were added or removed from within a reboot (Capture, a save callback or "
                        + "OnSuspending). At that time nothing may change any more.");
                resumed = _resumed.Task;
            }

            resumed.GetAwaiter().GetResult();
        }
    }

    /// <returns>Why not, or null.</returns>
    private string? Begin(string reason, out RebootRun? run, bool isCheckpoint = false)
    {
        run = null;
        lock (_gate)
        {
            if (!IsSupported)
                return "Rebooting in place needs Linux on x64 or arm64; elsewhere, restart the server.";
            switch (_phase)
            {
                case Phase.Starting:
                    return "Ready has not been called yet.";
                case Phase.Stopped:
                    return "The rebooter has been disposed.";
            }

            if (_run is not null)
                return $"A {(_run.IsCheckpoint ? "checkpoint" : "reboot")} is under way already ({_run.Reason}).";
            run = _run = new RebootRun(reason, isCheckpoint);
            return null;
        }
    }

    /// <summary>A checkpoint takes milliseconds; nobody is refused a reboot for it.</summary>
    private Task<RebootException?> WhenCheckpointIsOver(string refusal)
    {
        lock (_gate)
            return _run is { IsCheckpoint: true } checkpoint ? checkpoint.Over.Task : throw new RebootException(RebootStage.Request, refusal);
    }

    private static void RunOnThread(Action action) => new Thread(() => action()) { IsBackground = true, Name = "SeamlessReboot" }.UnsafeStart();
}

using System.Buffers;
using System.Globalization;
using System.Net.Sockets;
using System.Runtime.InteropServices;
using SeamlessReboot.Descriptors;
using SeamlessReboot.Posix;
using SeamlessReboot.Spool;
using SeamlessReboot.Supervision;

namespace SeamlessReboot;

// The library's half of the conversation with systemd or the angel: what it holds for us, and how it comes back after a death.
public sealed partial class Rebooter
{
    private const string SpoolStoreName = "seamless";
    private static readonly TimeSpan _drainTimeout = TimeSpan.FromSeconds(1);
    private Supervisor? _supervisor;
    private Watchdog? _watchdog;
    private readonly List<SafeHandle> _toStore = []; // made before Ready
    private AddedLog? _added;

    /// <summary>True under a supervisor that holds descriptors: a death of this process then drops nobody.</summary>
    public bool IsCrashSafe => _supervisor is { HoldsDescriptors: true };

    /// <summary>
    /// The loop that calls this is alive. From the first call after <see cref="Ready"/> on, a supervisor with a watchdog is told that the
    /// server is alive only as long as calls go on coming, at least one in each quarter of its WATCHDOG_USEC; before it, while the
    /// thread pool runs. Cheap; does nothing without a watchdog.
    /// </summary>
    public void Heartbeat()
    {
        if (_phase != Phase.Starting)
            _watchdog?.Beat();
    }

    private static string StoreNameOf(SpoolRecord record) => record.Kind switch
    {
        SpoolRecordKind.Listener => StoreName('l', record.Identity.Span),
        SpoolRecordKind.Descriptor => StoreName('k', record.Identity.Span),
        _ => StoreName('c', record.Identity.Span),
    };

    // Never given twice, whichever process asks, so nothing has to be remembered; and short, because all names go into one variable.
    private static string StoreName(char kind, ReadOnlySpan<byte> identity) => kind + (FdIdentity.Decode(identity)?.Key ?? "");

    private static string StoreName(char kind, SafeHandle handle) => kind + FdIdentity.Of(handle).Key;

    /// <summary>Before the server knows of it, so that a death in the next moment does not reset somebody who was just let in.</summary>
    private Socket HoldAccepted(Socket socket)
    {
        if (!IsCrashSafe)
            return socket;
        string name = StoreName('c', socket.SafeHandle);
        _supervisor!.Store(name, socket.SafeHandle, dropWhenDead: true);
        return AcceptedSocket.Of(socket, name, _supervisor.Remove);
    }

    private void StoreLater(SafeHandle handle)
    {
        if (IsCrashSafe)
            _toStore.Add(handle);
    }

    private void BeginAdded()
    {
        _added?.Dispose();
        _added = null; // if the next line fails
        _added = AddedLog.Begin(_spool!, NextHeader());
    }

    /// <summary>Before the first session runs: what it holds for us is what we have.</summary>
    private void StoreWhatWasMade()
    {
        if (!IsCrashSafe)
            return;
        bool isHeld = _passed.Exists(p => p.Name == SpoolStoreName) || (_inheritance is not null && _past is null);
        if (!isHeld || _inheritedSpool != _spool)
            StoreSpool();
        foreach (SafeHandle handle in _toStore)
        {
            string name = StoreName(_keptOpen.ContainsValue(handle) ? 'k' : 'l', handle);
            _supervisor!.Store(name, handle);
        }

        _toStore.Clear();
        HashSet<int> owned = CollectSurvivors();
        foreach (PassedDescriptor passed in _passed)
            if (!owned.Contains(passed.Fd))
                _supervisor!.Remove(passed.Name);
        if (_past is null)
            foreach (SpoolRecord record in _records) // what came over an exec, and ended there
                if (record.Fd >= 0 && !owned.Contains(record.Fd))
                    _supervisor!.Remove(StoreNameOf(record));
    }

    private void OpenSpoolAnewIfRemoved()
    {
        SpoolDirectory before = _spool!;
        _spool = before.OpenAnewIfRemoved();
        if (_spool == before || !IsCrashSafe)
            return;
        StoreSpool();
        BeginAdded();
    }

    private void StoreSpool()
    {
        _supervisor!.Remove(SpoolStoreName);
        _supervisor.Store(SpoolStoreName, _spool!.Handle);
    }

    private void NotifyReady()
    {
        if (_supervisor is null)
            return;
        List<string> lines =
        [
            "READY=1", Text($"MAINPID={_process.Pid}"), StatusLine(), "X_SEAMLESSREBOOT=1", Text($"X_SEAMLESSREBOOT_GENERATION={Generation}"),
            "X_SEAMLESSREBOOT_SPOOL=" + _spool!.Path,
        ];
        if (_options.RebootSignals.Count > 0)
            lines.Add(Text($"X_SEAMLESSREBOOT_REBOOT_SIGNAL={Signals.Number(_options.RebootSignals.First())}"));
        if (_options.CheckpointSignals.Count > 0)
            lines.Add(Text($"X_SEAMLESSREBOOT_CHECKPOINT_SIGNAL={Signals.Number(_options.CheckpointSignals.First())}"));
        _supervisor.Notify([.. lines]);
    }

    private string StatusLine() => LastCheckpoint is { Failure: null } last
        ? Text($"STATUS=Generation {Generation}, {SessionCount} sessions, state of {last.Written:HH:mm:ss} UTC written in {last.Pause.TotalMilliseconds:0.0} ms")
        : Text($"STATUS=Generation {Generation}, {SessionCount} sessions");

    private static string Text(FormattableString text) => text.ToString(CultureInfo.InvariantCulture);

    private void NotifyReloading() => _supervisor?.Notify("RELOADING=1", Text($"MONOTONIC_USEC={MonotonicMicroseconds()}"));

    // The stopwatch is CLOCK_MONOTONIC.
    private static long MonotonicMicroseconds() => (long)System.Diagnostics.Stopwatch.GetElapsedTime(0).TotalMicroseconds;

    private void StartWatchdog()
    {
        if (_supervisor is { Watchdog: not null })
            _watchdog = new Watchdog(_supervisor, IsExcused);
    }

    // A reboot holds the application's loop. Its own steps have limits; should one hang nevertheless, that is a hang.
    private bool IsExcused()
    {
        RebootRun? run = _run;
        return _phase == Phase.Starting || (_phase is Phase.Suspending or Phase.Frozen && run is { FrozenAt: > 0 } && System.Diagnostics.Stopwatch.GetElapsedTime(run.FrozenAt)
            < _options.SuspendTimeout + _options.FlushTimeout + _crashTimeout);
    }

    /// <summary>State first, then the descriptor: what comes back without its state cannot be a session.</summary>
    private void Hold(SessionEntry entry, SpoolRecord? record)
    {
        if (record is not null)
            Append(entry, record);
        if (entry.Session.Socket is not AcceptedSocket)
            _supervisor?.Store(StoreName('c', entry.Identity), entry.Session.Socket.SafeHandle, dropWhenDead: true);
    }

    /// <summary>
    /// Writes one session's state now and not at the next checkpoint: where a crash must not take it back, as after a login, a logout
    /// or a payment. Call it where nothing of the session is half done. Sessions derived from <see cref="RebootSession{TState}"/> have
    /// SaveState for it.
    /// </summary>
    /// <param name="session">The session. During a reboot or a checkpoint the call waits.</param>
    /// <param name="snapshot">Its state, and the bytes it holds.</param>
    /// <returns>False when the session is not here, nobody holds descriptors, or it could not be written; the log says the last.</returns>
    public bool Save(IRebootSession session, SessionSnapshot snapshot)
    {
        ArgumentNullException.ThrowIfNull(session);
        ArgumentNullException.ThrowIfNull(snapshot);
        return RecordOf(session, () => snapshot) is SpoolRecord record
            && WhenNotFrozen(() => _sessions.TryGetValue(session, out SessionEntry? entry) && Append(entry, record with { Identity = entry.Identity }));
    }

    private bool Append(SessionEntry entry, SpoolRecord record)
    {
        try
        {
            _added?.Append(record with { Name = entry.Name });
            return _added is not null;
        }
        catch (IOException e)
        {
            Log.AddFailed(_log, e);
            return false;
        }
    }

    private SpoolRecord? RecordOf(IRebootSession session, Func<SessionSnapshot> capture)
    {
        if (!IsCrashSafe)
            return null;
        try
        {
            SessionSnapshot snapshot = capture();
            ArrayBufferWriter<byte> state = new();
            if (snapshot.State is not null)
                _serializer.Serialize(state, snapshot.State, snapshot.StateType ?? snapshot.State.GetType());
            return new SpoolRecord
            {
                Kind = SpoolRecordKind.Session,
                Type = snapshot.Kind,
                Unread = snapshot.UnreadInput,
                Unsent = snapshot.UnsentOutput,
                Progress = ProgressOf(session, snapshot),
                State = state.WrittenMemory,
            };
        }
#pragma warning disable CA1031 // the application's code: it can be served all the same
        catch (Exception e)
#pragma warning restore CA1031
        {
            Log.AddFailed(_log, e);
            return null;
        }
    }

    /// <summary>An orderly end: nobody is to come back.</summary>
    private void LeaveSupervisor()
    {
        _watchdog?.Dispose();
        _checkpointTimer?.Dispose();
        _added?.Dispose();
        if (_supervisor is null)
            return;
        IEnumerable<string> own = _listeners.Values.Select(l => (SafeHandle)l.SafeHandle).Concat(_keptOpen.Values).Where(h => !h.IsClosed)
            .Select(h => StoreName(_keptOpen.ContainsValue(h) ? 'k' : 'l', h));
        foreach (string name in own.Concat(Entries().Select(e => StoreName('c', e.Identity))).Concat(_passed.Select(p => p.Name)).Append(SpoolStoreName).Distinct().ToArray())
            _supervisor.Remove(name);
        _supervisor.Notify("STOPPING=1");
        _supervisor.Drain(_drainTimeout);
    }
}

using System.Buffers;
using System.Globalization;
using System.Reflection;
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
    private List<PassedDescriptor> _passed = [];
    private readonly List<SafeHandle> _toStore = []; // made before Ready
    private Past? _past;
    private AddedLog? _added;
    private RestoreAttempt? _attempt;

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

    /// <summary>A process that a supervisor has started in place of one that died. False when it is a cold start.</summary>
    private bool InheritFromSupervisor()
    {
        if (_passed.Find(p => p.Name == SpoolStoreName) is not PassedDescriptor directory)
            return false;
        SpoolDirectory spool = Spool.SpoolDirectory.Adopt(Fd.Describe(directory.Fd), directory.Fd);
        try
        {
            if (spool.IsRemoved)
                throw new IOException($"The spool directory {spool.Path} has been removed, and what was written in it is gone. Under systemd, set "
                    + "RuntimeDirectoryPreserve=restart, or let RebooterOptions.SpoolDirectory be outside of RuntimeDirectory.");
            spool.Check();
        }
        catch (IOException e)
        {
            Log.SpoolRefused(_log, "a new one", e);
            spool.Dispose();
            _supervisor?.Remove(SpoolStoreName);
            _passed.Remove(directory);
            return false;
        }

        _past = Past.Read(spool, ProcessStart.BootId());
        _header = _past.Header;
        _spoolBytes = _past.Length;
        _inheritedSpool = spool;
        _inheritance = new Inheritance
        {
            Generation = _header?.Generation ?? 1,
            Pid = _process.Pid,
            StartTime = _process.StartTime,
            SpoolFd = directory.Fd,
            SpoolPath = spool.Path,
            Directory = _start!.Directory,
            User = _start.User,
            Umask = _start.Umask,
            IgnoredSignals = (long)_start.IgnoredSignals,
            Nonce = [],
            Warm = true,
            AfterCrash = true,
            Reason = _header is null ? "the process before died" : string.Create(CultureInfo.InvariantCulture, $"the process before, {_header.Pid}, died"),
            FrozenAt = _startedAt,
            StageEnds = [],
            Crashes = [],
        };
        Generation = _inheritance.Generation;
        _spool = OpenNextSpool();
        BindPassed(_past);
        return true;
    }

    /// <summary>Joins what is on disk with the descriptors that came: by name and identity.</summary>
    private void BindPassed(Past past)
    {
        _inherited = new InheritedDescriptors { OwnsRefused = true };
        Dictionary<string, int> byName = new(StringComparer.Ordinal);
        foreach (PassedDescriptor passed in _passed)
            byName.TryAdd(passed.Name, passed.Fd);
        List<SpoolRecord> records = [];
        foreach (SpoolRecord record in past.Records)
        {
            if (record.Kind == SpoolRecordKind.State)
                records.Add(record);
            else if (byName.TryGetValue(StoreNameOf(record), out int fd) && _inherited.TryAdd(record.Name, fd, record.Identity.Span))
                records.Add((past.IsExact ? record : BroughtUpToDate(record, fd)) with { Fd = fd });
        }

        _records = records;
        _header ??= new SpoolHeader
        {
            Generation = Generation,
            Pid = _process.Pid,
            StartTime = _process.StartTime,
            BootId = ProcessStart.BootId(),
            Serializer = _serializer.Name,
            Written = _options.TimeProvider.GetUtcNow(),
        };
        AddPassedNameless();
        foreach (string sentence in past.Damage)
            Log.SpoolDamaged(_log, sentence);
    }

    // Sockets that the supervisor has opened itself, and what has no record any more: Listen may find it, or Ready closes it.
    private void AddPassedNameless()
    {
        _inherited ??= new InheritedDescriptors();
        foreach (PassedDescriptor passed in _passed)
            if (passed.Name != SpoolStoreName)
                _inherited.AddNameless(passed.Fd);
    }

    private static string StoreNameOf(SpoolRecord record) => record.Kind switch
    {
        SpoolRecordKind.Listener => StoreName('l', record.Identity.Span),
        SpoolRecordKind.Descriptor => StoreName('k', record.Identity.Span),
        _ => record.Name,
    };

    // Never given twice, whichever process asks, so nothing has to be remembered; and short, because all names go into one variable.
    private static string StoreName(char kind, ReadOnlySpan<byte> identity) => kind + (FdIdentity.Decode(identity)?.Key ?? "");

    private void StoreLater(SafeHandle handle)
    {
        if (IsCrashSafe)
            _toStore.Add(handle);
    }

    private TimeSpan StateAge() => _past is { IsExact: false } && _header is not null
        ? TimeSpan.FromTicks(Math.Max(0, (_options.TimeProvider.GetUtcNow() - _header.Written).Ticks))
        : TimeSpan.Zero;

    /// <summary>A mark on disk while the state is handed out, so that the next process knows what this one died of.</summary>
    private void BeginAttempt()
    {
        if (!IsCrashSafe)
            return;
        try
        {
            _attempt = RestoreAttempt.Begin(_inheritedSpool!, (Assembly.GetEntryAssembly() ?? typeof(Rebooter).Assembly).ManifestModule.ModuleVersionId);
        }
        catch (IOException e)
        {
            Log.MarkFailed(_log, e);
            return;
        }

        if (_attempt.Deaths > 0)
            Log.DiedRestoring(_log, _attempt.Deaths, _attempt.Culprit, _attempt.IsWarm ? "Trying again." : "Starting without the sessions.");
        if (!_attempt.IsWarm)
            _inheritance = _inheritance! with { Warm = false };
    }

    /// <summary>Everyone is restored and nobody runs yet: from here on what was written is a checkpoint, or nothing.</summary>
    private void KeepPast()
    {
        if (_attempt is not null)
            _attempt.End();
        _attempt = null;
        bool isSame = _inheritedSpool == _spool;
        if (!IsCrashSafe || !isSame)
            _inheritedSpool?.Clear();
        if (!IsCrashSafe)
            return;
        try
        {
            if (isSame && _past is not { IsExact: false })
                _spool!.MakeCheckpointOfReboot();
            _added = isSame && _past is not null ? AddedLog.Continue(_spool!, NextHeader()) : null;
            if (_added is null)
                BeginAdded();
        }
        catch (IOException e)
        {
            Log.CheckpointFailed(_log, "ready", e);
        }
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
            string name = StoreName(_keptOpen.ContainsValue(handle) ? 'k' : 'l', FdIdentity.Of(handle).Encode());
            _supervisor!.Store(name, handle);
        }

        _toStore.Clear();
        HashSet<string> living = [.. Entries().Select(e => e.Name)];
        HashSet<int> owned = CollectSurvivors();
        foreach (PassedDescriptor passed in _passed)
            if (!owned.Contains(passed.Fd))
                _supervisor!.Remove(passed.Name);
        foreach (SpoolRecord record in _records) // those that came over an exec, and ended there
            if (record.Fd >= 0 && record.Kind is not (SpoolRecordKind.Listener or SpoolRecordKind.Descriptor) && !living.Contains(record.Name))
                _supervisor!.Remove(record.Name);
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
        _supervisor?.Store(entry.Name, entry.Session.Socket.SafeHandle, dropWhenDead: true);
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
            .Select(h => StoreName(_keptOpen.ContainsValue(h) ? 'k' : 'l', FdIdentity.Of(h).Encode()));
        foreach (string name in own.Concat(Entries().Select(e => e.Name)).Concat(_passed.Select(p => p.Name)).Append(SpoolStoreName).Distinct().ToArray())
            _supervisor.Remove(name);
        _supervisor.Notify("STOPPING=1");
        _supervisor.Drain(_drainTimeout);
    }
}

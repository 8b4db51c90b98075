using System.Diagnostics;
using System.Net.Sockets;
using System.Text;
using SeamlessReboot.Descriptors;
using SeamlessReboot.Posix;
using SeamlessReboot.Spool;
using SeamlessReboot.Supervision;

namespace SeamlessReboot;

// The other half of the reboot: in the new image, from the inheritance to running sessions.
public sealed partial class Rebooter
{
    private readonly List<LostSession> _lost = [];
    private readonly List<SessionConnection> _farewells = [];
    private Inheritance? _inheritance;
    private InheritedDescriptors? _inherited;
    private SpoolDirectory? _inheritedSpool;
    private SpoolHeader? _header;
    private IReadOnlyList<SpoolRecord> _records = [];
    private long _spoolBytes;

    /// <summary>
    /// Hands out what was inherited: system state first, then each session; closes what nobody claimed; resumes everyone. From
    /// here on the server serves.
    /// </summary>
    /// <exception cref="InvalidOperationException">
    /// Called twice; or the state of a <see cref="Keep{T}"/> could not be restored. If you let that end the process, the crash
    /// guard tries again and then starts cold; nobody's connection is dropped before that.
    /// </exception>
    public void Ready()
    {
        RequireStarting(nameof(Ready));
        long registeredAt = Stopwatch.GetTimestamp();
        if (_inheritance is not null)
        {
            BeginAttempt();
            RestoreState();
            RestoreSessions();
            _whenRestored?.Invoke();
            RestoreAccepted();
            RestoreLetIn();
        }

        DropUnclaimed();
        KeepPast();
        lock (_gate)
            _phase = Phase.Serving;
        foreach (SessionEntry entry in Entries())
            entry.ResumeUnlessSuspended();
        // Behind them: who is let in is to be given to the supervisor at once, and not when a thread is free again.
        ThreadPool.UnsafeQueueUserWorkItem(static r => r._everyoneRuns.TrySetResult(), this, preferLocal: false);
        foreach (SessionConnection farewell in _farewells)
        {
            farewell.Resume();
            _ = farewell.DisposeAsync().AsTask();
        }

        StoreWhatWasMade();
        ReportReady(registeredAt);
        NotifyReady();
        StartCheckpoints();
        CleanUpAfterReboot();
        if (_requestedSoon is string reason)
            RequestReboot(reason);
    }

    /// <summary>Reads the inheritance, or begins anew.</summary>
    private void Inherit()
    {
        _supervisor = Supervisor.Find(_process, sentence => Log.Supervisor(_log, sentence));
        _supervisor?.Notify("STATUS=Starting", "X_SEAMLESSREBOOT=1"); // so that nobody takes a slow start for one that says nothing
        _passed = PassedDescriptors.Take(_process);
        PreparePast();
        StartWatchdog();
        string? left = _process.TakeVariable(Inheritance.Variable);
        _inheritance = Inheritance.Decode(left);
        if (left is not null && _inheritance is null)
            Log.Unreadable(_log);
        if (_inheritance is { } note && (note.Pid != _process.Pid || note.StartTime != _process.StartTime))
        {
            Log.NotOurs(_log, note.Pid, note.StartTime);
            _inheritance = null;
        }

        if (_inheritance is null)
        {
            _start = ProcessStart.Read();
            if (InheritFromSupervisor())
                return;
            AddPassedNameless();
            _spool = _options.SpoolDirectory is string path ? Spool.SpoolDirectory.Open(path) : Spool.SpoolDirectory.OpenFree(DefaultSpoolDirectory());
            _spool.Clear(); // whatever is there is another process's past
            return;
        }

        Generation = _inheritance.Generation;
        _crashes = _inheritance.Crashes;
        _start = new ProcessStart(_inheritance.Directory, _inheritance.User, _inheritance.Umask, (ulong)_inheritance.IgnoredSignals);
        _children = InheritedChildren.Find();
        _inherited = new InheritedDescriptors();
        Fd.TrySetCloseOnExec(_inheritance.SpoolFd, true);
        _inheritedSpool = Spool.SpoolDirectory.Adopt(_inheritance.SpoolPath, _inheritance.SpoolFd);
        PrepareSerializer();
        _spool = OpenNextSpool();
        ReadSpool(_inheritance);
        PrepareSockets();
    }

    private SpoolDirectory OpenNextSpool()
    {
        if (_options.SpoolDirectory is null || _inheritedSpool!.IsAt(_options.SpoolDirectory))
            return _inheritedSpool!;
        try
        {
            return Spool.SpoolDirectory.Open(_options.SpoolDirectory);
        }
        catch (IOException e)
        {
            // Nobody is dropped for that: what was good enough for the last reboot is for the next.
            Log.SpoolRefused(_log, _inheritedSpool.Path, e);
            return _inheritedSpool!;
        }
    }

    private void ReadSpool(Inheritance note)
    {
        byte[] file = [];
        List<string> damage = [];
        try
        {
            file = _inheritedSpool!.Load(SpoolFormat.RebootName) ?? [];
        }
        catch (IOException e)
        {
            damage.Add(e.Message);
        }

        SpoolReader spool = SpoolReader.Read(file, note.Nonce);
        damage.AddRange(spool.Damage);
        _header = spool.Header is SpoolRecord header ? SpoolHeader.From(header) : null;
        if (_header is { } whose && (whose.Generation != note.Generation || whose.Pid != note.Pid || whose.StartTime != note.StartTime))
            damage.Add($"It was written for generation {whose.Generation} of process {whose.Pid}, this is generation {note.Generation} of {note.Pid}.");
        else
            _records = spool.Records;
        _header ??= new SpoolHeader { Generation = note.Generation, Pid = note.Pid, StartTime = note.StartTime, BootId = "", Serializer = _serializer.Name, Written = default };
        _spoolBytes = file.Length;
        _lastId = _header.LastId;
        foreach (SpoolRecord record in _records)
            if (record.Fd >= 0 && !_inherited!.TryAdd(record.Name, record.Fd, record.Identity.Span))
                damage.Add($"Descriptor {record.Fd}, recorded as '{record.Name}', is not open or was recorded twice.");
        if (damage.Count == 0)
            return;
        foreach (string sentence in damage)
            Log.SpoolDamaged(_log, sentence);
        _inherited!.AddNameless(except: [note.SpoolFd]);
    }

    private int? TakeDescriptor(string name)
    {
        if (_inherited is null)
            return null;
        if (_inherited.TryTake(name, out int fd, out string? refusal))
            return fd;
        if (refusal is not null)
            Log.Mismatch(_log, refusal);
        return null;
    }

    private void RestoreState()
    {
        foreach (SpoolRecord record in _records.Where(r => r.Kind == SpoolRecordKind.State && _inheritance!.Warm))
        {
            if (!_keptState.TryGetValue(record.Name, out KeptState? state))
            {
                Log.StateUnclaimed(_log, record.Name);
                continue;
            }

            try
            {
                RequireSerializer();
                state.Restore(record.State);
            }
            catch (Exception e)
            {
                throw new InvalidOperationException($"The system state '{record.Name}' of the image before could not be restored: {e.Message}", e);
            }
        }
    }

    private void RestoreSessions()
    {
        _preparing!.Join();
        foreach (SpoolRecord record in _records)
        {
            if (record.Kind == SpoolRecordKind.Session)
                RestoreSession(record);
            else if (record.Kind == SpoolRecordKind.Farewell)
                RestoreFarewell(record);
        }

        SettleFailed();
    }

    private void RestoreSession(SpoolRecord record)
    {
        long id = IdOf(record);
        _lastId = Math.Max(_lastId, id);
        if (_attempt is { Deaths: > 0 })
            _attempt.At(id);
        if (TakeSocket(record) is not Socket socket)
        {
            Lose(record, id, "Its descriptor could not be trusted.", keep: false);
            return;
        }

        if (!_inheritance!.Warm)
        {
            PutAside(record, socket, "The server crashed too often and started without its sessions.");
            return;
        }

        if (_attempt is { Culprit: not 0 } attempt && attempt.Culprit == id)
        {
            PutAside(record, socket, "Restoring it has ended the server twice.");
            return;
        }

        try
        {
            RequireSerializer();
            if (_restore is null)
                throw new InvalidOperationException("This version has not called Restore.");
            IRebootSession session = _restore(new RestoredSession(id, record.Type, socket, record.Unread, record.Unsent, record.State, _serializer));
            SessionEntry entry = new(id, session, record.Identity.ToArray());
            lock (_gate)
                _sessions.Add(session, entry);
            Attach(entry);
        }
#pragma warning disable CA1031 // one session whose state does not load: that one only
        catch (Exception e)
#pragma warning restore CA1031
        {
            Log.RestoreFailed(_log, id, e);
            _failed.Add(new FailedRestore(record, socket, e));
        }
    }

    private void PutAside(SpoolRecord record, Socket socket, string reason)
    {
        Lose(record, IdOf(record), reason, keep: true);
        SayFarewell(socket, record.Unsent, withText: true);
    }

    private void RestoreFarewell(SpoolRecord record)
    {
        long id = IdOf(record);
        _lastId = Math.Max(_lastId, id);
        string reason = Encoding.UTF8.GetString(record.State.Span);
        if (reason.Length > 0)
            Lose(record, id, reason, keep: false);
        if (TakeDescriptor(record.Name) is int fd)
            SayFarewell(Adopt(fd), record.Unsent, withText: reason.Length > 0);
    }

    private void RestoreAccepted()
    {
        foreach (SpoolRecord record in _records.Where(r => r.Kind == SpoolRecordKind.Accepted))
        {
            if (TakeDescriptor(record.Name) is not int fd)
                continue;
            Socket socket = AdoptAccepted(fd);
            if (_listeners.ContainsKey(record.Type))
            {
                _acceptedFrom[socket] = record.Type;
                PutWaiting(record.Type, socket);
            }
            else
            {
                SayFarewell(socket, default, withText: true);
            }
        }
    }

    private void DropUnclaimed()
    {
        if (_inherited is null)
            return;
        foreach (int fd in _inherited.Unclaimed)
        {
            Log.Unclaimed(_log, fd, Fd.Describe(fd));
            if (SocketKernel.Kind(fd) is not null && !SocketKernel.IsListening(fd))
                SayFarewell(Adopt(fd), default, withText: true);
            else
                Fd.Close(fd);
        }

        foreach (SpoolRecord record in _records.Where(r => r.Kind == SpoolRecordKind.Listener && !_listeners.ContainsKey(r.Name)))
            if (SocketFileOf(record.Name) is string file)
                File.Delete(file);
    }

    // Said only when nothing can go wrong any more: a crash before would say it again.
    private void SayFarewell(Socket socket, ReadOnlyMemory<byte> unsent, bool withText)
    {
        SessionConnection connection = new(socket, null, default, unsent.Span);
        if (withText)
            connection.TryWrite(Encoding.UTF8.GetBytes(_options.Farewell));
        _farewells.Add(connection);
    }

    private void Lose(SpoolRecord record, long id, string reason, bool keep)
    {
        string? file = null;
        if (keep)
        {
            try
            {
                file = _inheritedSpool!.Quarantine(_header!, record);
            }
            catch (IOException e)
            {
                Log.QuarantineFailed(_log, id, e);
            }
        }

        _lost.Add(new LostSession(id, reason, file, record.Kind == SpoolRecordKind.Session ? record.Type : ""));
    }

    private void RequireSerializer()
    {
        if (_header!.Serializer != _serializer.Name)
            throw new InvalidDataException($"The state was written by the serializer '{_header.Serializer}', this version has '{_serializer.Name}'. "
                + "To change the serializer, restart once without reboot.");
    }

    private void ReportReady(long registeredAt)
    {
        long now = Stopwatch.GetTimestamp();
        if (_inheritance is { } note)
        {
            Dictionary<RebootStage, TimeSpan> stages = [];
            long from = note.FrozenAt;
            RebootStage stage = note.StageEnds.Length == 0 ? RebootStage.Start - 1 : RebootStage.Suspend;
            foreach (long end in (long[])[.. note.StageEnds, _startedAt, _startEndedAt, registeredAt, now])
            {
                stages[stage++] = Stopwatch.GetElapsedTime(from, end);
                from = end;
            }

            LastReboot = new RebootReport
            {
                Generation = Generation,
                Reason = note.Reason,
                AfterCrash = note.AfterCrash,
                StateAge = StateAge(),
                Pause = Stopwatch.GetElapsedTime(note.FrozenAt, now),
                Stages = stages,
                SessionsKept = _sessions.Count,
                SessionsLost = [.. _lost],
                SpoolBytes = _spoolBytes,
            };
            _bytesPerSession = Math.Max(AssumedSessionBytes, _spoolBytes / Math.Max(1, _sessions.Count));
            Log.Ready(_log, Generation, note.Reason, LastReboot.Pause.TotalMilliseconds, LastReboot.SessionsKept, LastReboot.SessionsLost.Count);
            foreach (LostSession lost in _lost)
                Log.Lost(_log, lost.Id, lost.Reason, lost.StateFile ?? "nowhere");
        }

        // Off this thread: everyone is being served already, and the instruments take milliseconds to make.
        ThreadPool.UnsafeQueueUserWorkItem(_ =>
        {
            RebootMetrics metrics = new(() => SessionCount);
            if (LastReboot is not null)
                metrics.Count(LastReboot);
            lock (_gate)
                _metrics = metrics;
        }, null);
    }

    // What can wait until everyone is served again.
    private void CleanUpAfterReboot()
    {
        if (_inheritance is not null)
            DiagnosticsSocket.RemoveOld(_process);
        _children?.Adopt();
        if (_inheritedSpool is not null && _inheritedSpool != _spool)
            _inheritedSpool.Dispose();
        _inheritedSpool = null;
        _inheritance = null;
        _inherited = null;
        _past = null;
        _records = []; // slices of the whole file; sessions have copied what they need
        _farewells.Clear();
    }
}

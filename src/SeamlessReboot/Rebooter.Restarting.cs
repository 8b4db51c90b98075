using System.Globalization;
using System.Net;
using System.Net.Sockets;
using System.Reflection;
using SeamlessReboot.Descriptors;
using SeamlessReboot.Posix;
using SeamlessReboot.Spool;
using SeamlessReboot.Supervision;

namespace SeamlessReboot;

// The third road: a process that a supervisor has started in place of one that died. It ends in the same table and the same records.
public sealed partial class Rebooter
{
    private const int TriesOfBadVersion = 3;
    private readonly List<FailedRestore> _failed = [];
    private List<PassedDescriptor> _passed = [];
    private Past? _past;
    private RestoreAttempt? _attempt;

    /// <summary>A process that a supervisor has started in place of one that died. False when it is a cold start.</summary>
    private bool InheritFromSupervisor()
    {
        if (_inheritedSpool is not SpoolDirectory spool)
            return false;
        try
        {
            if (spool.IsRemoved)
                throw new IOException($"The spool directory {spool.Path} has been removed, and what was written in it is gone. Under systemd, set "
                    + "RuntimeDirectoryPreserve=restart, or let RebooterOptions.SpoolDirectory be outside of RuntimeDirectory.");
            spool.Check();
        }
        catch (IOException e)
        {
            Log.PastRefused(_log, e);
            _preparing!.Join();
            spool.Dispose();
            (_inheritedSpool, _past) = (null, null);
            _supervisor?.Remove(SpoolStoreName);
            _passed.RemoveAll(p => p.Name == SpoolStoreName);
            return false;
        }

        PrepareSerializer();
        _preparing!.Join();
        _header = _past!.Header;
        _spoolBytes = _past.Length;
        _inheritance = new Inheritance
        {
            Generation = _header?.Generation ?? 1,
            Pid = _process.Pid,
            StartTime = _process.StartTime,
            SpoolFd = (int)spool.Handle.DangerousGetHandle(),
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
        PrepareSockets();
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
            if (record.Kind == SpoolRecordKind.Session)
                _lastId = Math.Max(_lastId, IdOf(record)); // of one that has ended since, too: its number is not given again
            if (record.Kind == SpoolRecordKind.State)
                records.Add(record);
            else if (byName.TryGetValue(StoreNameOf(record), out int fd) && _inherited.TryAdd(record.Name, fd, record.Identity.Span))
                records.Add((past.IsExact ? record : BroughtUpToDate(record, fd)) with { Fd = fd });
        }

        _lastId = Math.Max(_lastId, past.Header?.LastId ?? 0);
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

    /// <summary>Clients that were let in and are not on disk: as long as nothing was read from them or said to them, nobody has noticed.</summary>
    private void RestoreLetIn()
    {
        if (_past is null)
            return;
        foreach (PassedDescriptor passed in _passed)
        {
            if (passed.Name is not ['c', ..] || !_inherited!.IsUnclaimed(passed.Fd) || SocketProgress.Of(passed.Fd) is not { Taken: 0, Given: 0 }
                || ListenerOf(passed.Fd) is not string listener)
                continue;
            _inherited.Take(passed.Fd);
            Socket socket = AdoptAccepted(passed.Fd);
            _acceptedFrom[socket] = listener;
            PutWaiting(listener, socket);
        }
    }

    private string? ListenerOf(int fd)
    {
        byte[] local = SocketKernel.LocalAddress(fd);
        foreach ((string name, Socket listener) in _listeners)
        {
            SocketAddress address = listener.LocalEndPoint!.Serialize();
            bool isAny = listener.LocalEndPoint is IPEndPoint { Address: var any } && (any.Equals(IPAddress.Any) || any.Equals(IPAddress.IPv6Any));
            if (local.AsSpan(0, isAny ? 4 : local.Length).SequenceEqual(address.Buffer.Span[..(isAny ? 4 : Math.Min(address.Size, local.Length))]))
                return name;
        }

        return null;
    }

    /// <summary>
    /// One session whose state does not load is that one's misfortune. When it is most of them it is this version's, and under a
    /// supervisor another one may do better: it has a few tries before this one goes on with those whom it could restore.
    /// </summary>
    private void SettleFailed()
    {
        if (_failed.Count > _sessions.Count && _attempt is { Deaths: < TriesOfBadVersion })
        {
            _attempt.At(0);
            throw new InvalidOperationException($"This version cannot restore {_failed.Count} of {_failed.Count + _sessions.Count} sessions; the first: {_failed[0].Failure.Message} "
                + "It ends, so that the supervisor can start another. No connection is lost by that.", _failed[0].Failure);
        }

        foreach (FailedRestore failed in _failed)
            PutAside(failed.Record, failed.Socket, $"It could not be restored: {failed.Failure.Message}");
        _failed.Clear();
    }

    private Socket AdoptAccepted(int fd)
    {
        Socket socket = Adopt(fd);
        return IsCrashSafe ? AcceptedSocket.Of(socket, StoreName('c', socket.SafeHandle), _supervisor!.Remove) : socket;
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
            _spool!.ClearReboot(); // from here on it is not exact any more
            Log.CheckpointFailed(_log, "ready", e);
        }
    }

    private static long IdOf(SpoolRecord record) =>
        record.Name.Length > 1 && long.TryParse(record.Name.AsSpan(1), NumberStyles.None, CultureInfo.InvariantCulture, out long id) ? id : 0;

    private sealed record FailedRestore(SpoolRecord Record, Socket Socket, Exception Failure);
}

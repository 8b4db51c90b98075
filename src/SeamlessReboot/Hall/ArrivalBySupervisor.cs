using System.Globalization;
using SeamlessReboot.Descriptors;
using SeamlessReboot.Posix;
using SeamlessReboot.Spool;
using SeamlessReboot.Supervision;

namespace SeamlessReboot;

/// <summary>The third road: a supervisor has started this process in place of one that died, and passed the descriptors that it held.</summary>
internal sealed class ArrivalBySupervisor
{
    private readonly ServerContext _context;
    private readonly List<PassedDescriptor> _passed;
    private readonly SpoolDirectory _spool;
    private readonly Thread _reading;
    private Past? _past;

    private ArrivalBySupervisor(ServerContext context, List<PassedDescriptor> passed, PassedDescriptor directory)
    {
        _context = context;
        _passed = passed;
        _spool = SpoolDirectory.Adopt(Fd.Describe(directory.Fd), directory.Fd);
        _reading = new Thread(() => _past = Past.Read(_spool, ProcessStart.BootId())) { IsBackground = true, Name = "SeamlessReboot" };
        _reading.UnsafeStart();
    }

    /// <summary>Begins to read, on another processor, what a process that has died has left. Null when nobody has passed a spool.</summary>
    internal static ArrivalBySupervisor? Begin(ServerContext context, List<PassedDescriptor> passed) =>
        passed.Find(p => p.Name == SupervisorLink.SpoolName) is PassedDescriptor directory ? new ArrivalBySupervisor(context, passed, directory) : null;

    /// <summary>Null when what is there cannot be used: then it is a cold start.</summary>
    internal Arrival? Read(SupervisorLink supervisor)
    {
        try
        {
            RequireUsable();
        }
        catch (IOException e)
        {
            Log.PastRefused(_context.Log, Failure.Text(e), e);
            _reading.Join();
            _spool.Dispose();
            supervisor.Release(SupervisorLink.SpoolName);
            _passed.RemoveAll(p => p.Name == SupervisorLink.SpoolName);
            return null;
        }

        ProcessStart start = ProcessStart.Read();
        DefaultSerializer.Prepare(_context.Serializer);
        _reading.Join();
        return Bind(_past!, start);
    }

    private void RequireUsable()
    {
        if (_spool.IsRemoved)
            throw new IOException($"The spool directory {_spool.Path} has been removed, and what was written in it is gone. Under systemd, set "
                + "RuntimeDirectoryPreserve=restart, or let RebooterOptions.SpoolDirectory be outside of RuntimeDirectory.");
        _spool.Check();
    }

    /// <summary>Joins what is on disk with the descriptors that came: by name and identity.</summary>
    private Arrival Bind(Past past, ProcessStart start)
    {
        InheritedDescriptors table = new() { OwnsRefused = true };
        Dictionary<string, int> byName = new(StringComparer.Ordinal);
        foreach (PassedDescriptor passed in _passed)
            byName.TryAdd(passed.Name, passed.Fd);
        List<SpoolRecord> records = [];
        long lastId = past.Header?.LastId ?? 0;
        foreach (SpoolRecord record in past.Records)
        {
            if (record.Kind == SpoolRecordKind.Session)
                lastId = Math.Max(lastId, Restoration.IdOf(record)); // of one that has ended since, too: its number is not given again
            if (record.Kind == SpoolRecordKind.State)
                records.Add(record);
            else if (byName.TryGetValue(SupervisorLink.NameOf(record), out int fd) && table.TryAdd(record.Name, fd, record.Identity.Span))
                records.Add((past.IsExact ? record : Updated(record, fd)) with { Fd = fd });
        }

        foreach (string sentence in past.Damage)
            Log.SpoolDamaged(_context.Log, sentence);
        Arrival arrival = new(_context)
        {
            Note = NoteOf(past.Header, start),
            Start = start,
            Descriptors = table,
            Passed = _passed,
            Spool = _spool,
            Header = past.Header ?? NewHeader(),
            Records = records,
            SpoolBytes = past.Length,
            Past = past,
            LastId = lastId,
        };
        arrival.AddPassedNameless();
        return arrival;
    }

    private Inheritance NoteOf(SpoolHeader? header, ProcessStart start) => new()
    {
        Generation = header?.Generation ?? 1,
        Pid = _context.Process.Pid,
        StartTime = _context.Process.StartTime,
        SpoolFd = (int)_spool.Handle.DangerousGetHandle(),
        SpoolPath = _spool.Path,
        Directory = start.Directory,
        User = start.User,
        Umask = start.Umask,
        IgnoredSignals = (long)start.IgnoredSignals,
        Nonce = [],
        Warm = true,
        AfterCrash = true,
        Reason = header is null ? "the process before died" : string.Create(CultureInfo.InvariantCulture, $"the process before, {header.Pid}, died"),
        FrozenAt = _context.StartedAt,
        StageEnds = [],
        Crashes = [],
    };

    private SpoolHeader NewHeader() => new()
    {
        Generation = 1,
        Pid = _context.Process.Pid,
        StartTime = _context.Process.StartTime,
        BootId = ProcessStart.BootId(),
        Serializer = _context.Serializer.Name,
        Written = _context.Now,
    };

    /// <summary>
    /// A checkpoint's record as it is true now. Of what was unsent then, the kernel has been given the first so many bytes since; what
    /// was unread is still unread only if nothing has been read since, and nothing said either: an answer could be to it.
    /// </summary>
    private static SpoolRecord Updated(SpoolRecord record, int fd)
    {
        if (SocketProgress.Decode(record.Progress.Span) is not SocketProgress then || SocketProgress.Of(fd) is not SocketProgress now || now.Given < then.Given)
            return record with { Unread = default, Unsent = default };
        ulong given = now.Given - then.Given, unsent = (ulong)record.Unsent.Length;
        return record with
        {
            Unread = now.Taken == then.Taken && given <= unsent ? record.Unread : default,
            Unsent = record.Unsent[(int)Math.Min(given, unsent)..],
        };
    }
}

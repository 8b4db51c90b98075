using System.Globalization;
using System.Reflection;
using SeamlessReboot.Spool;

namespace SeamlessReboot;

/// <summary>The spool directory that this image writes to, and how much room its state is going to need there.</summary>
internal sealed class SpoolPlace : IDisposable
{
    private const int AssumedSessionBytes = 4096;
    private readonly ServerContext _context;
    private readonly SupervisorLink _supervisor;
    private SpoolDirectory? _directory; // null where reboots are not supported, and in a rehearsal
    private long _bytesPerSession = AssumedSessionBytes;

    private SpoolPlace(ServerContext context, SupervisorLink supervisor, SpoolDirectory? directory)
    {
        _context = context;
        _supervisor = supervisor;
        _directory = directory;
    }

    internal SpoolDirectory Directory => _directory!;

    internal string? Path => _directory?.Path;

    internal int Fd => (int)Directory.Handle.DangerousGetHandle();

    /// <summary>
    /// After a cold start the directory of the options, or the first of the default ones that is free; otherwise that of the image
    /// before, unless the options have come to name another one.
    /// </summary>
    /// <exception cref="IOException">It cannot be used. The message says what to do.</exception>
    internal static SpoolPlace Open(ServerContext context, SupervisorLink supervisor, Arrival arrival)
    {
        if (!Rebooter.IsSupported || arrival.IsRehearsal)
            return new SpoolPlace(context, supervisor, null);
        if (arrival.Spool is not null)
            return new SpoolPlace(context, supervisor, OpenNext(context, arrival.Spool));
        SpoolDirectory directory = context.Options.SpoolDirectory is string path
            ? SpoolDirectory.Open(path)
            : SpoolDirectory.OpenFree(DefaultPath(arrival.Start.User));
        directory.Clear(); // whatever is there is another process's past
        return new SpoolPlace(context, supervisor, directory);
    }

    private static SpoolDirectory OpenNext(ServerContext context, SpoolDirectory inherited)
    {
        if (context.Options.SpoolDirectory is not string path || inherited.IsAt(path))
            return inherited;
        try
        {
            return SpoolDirectory.Open(path);
        }
        catch (IOException e)
        {
            // Nobody is dropped for that: what was good enough for the last reboot is for the next.
            Log.SpoolRefused(context.Log, inherited.Path, Failure.Text(e), e);
            return inherited;
        }
    }

    /// <summary>What was needed last, as an estimate for the next time.</summary>
    internal void Learn(long spoolBytes, int sessions) =>
        _bytesPerSession = Math.Max(AssumedSessionBytes, spoolBytes / Math.Max(1, sessions));

    /// <summary>Looks whether it can be written to, and makes it anew where somebody has cleared it away.</summary>
    /// <returns>True when it is another directory now.</returns>
    /// <exception cref="IOException">It cannot be written to. The message says what to do.</exception>
    internal bool Check(int sessions)
    {
        SpoolDirectory before = Directory;
        _directory = before.OpenAnewIfRemoved();
        if (Directory != before)
            _supervisor.HoldSpool(Directory);
        Directory.Check();
        Directory.CheckSpace(_bytesPerSession * (sessions + 1));
        return Directory != before;
    }

    internal SpoolHeader NextHeader(int generation, long lastId) => new()
    {
        Generation = generation + 1,
        Pid = _context.Process.Pid,
        StartTime = _context.Process.StartTime,
        BootId = Posix.ProcessStart.BootId(),
        Serializer = _context.Serializer.Name,
        Written = _context.Now,
        LastId = lastId,
    };

    public void Dispose()
    {
        _directory?.Clear();
        _directory?.Dispose();
    }

    private static string DefaultPath(string user)
    {
        string? runtime = Environment.GetEnvironmentVariable("RUNTIME_DIRECTORY")?.Split(':')[0];
        string? ofUser = Environment.GetEnvironmentVariable("XDG_RUNTIME_DIR");
        string name = Assembly.GetEntryAssembly()?.GetName().Name ?? "server";
        string parent = new[] { runtime, ofUser, "/dev/shm" }.FirstOrDefault(System.IO.Directory.Exists) ?? System.IO.Path.GetTempPath();
        return System.IO.Path.Combine(parent, string.Create(CultureInfo.InvariantCulture, $"seamlessreboot-{user}-{name}"));
    }
}

using System.Globalization;

namespace SeamlessReboot.Spool;

/// <summary>
/// Where a server's spool directory may be, and where it is. A path that the server has named is the only one; without, the default
/// places are tried in turn. Not thread-safe, but for reading <see cref="Directory"/>.
/// </summary>
/// <param name="named">The path that the server has named, or null.</param>
/// <param name="defaults">Finds the default paths, best first, when they are needed.</param>
/// <param name="warn">Told, in a sentence, what the operator should know.</param>
internal sealed class SpoolPlaces(string? named, Func<IReadOnlyList<string>> defaults, Action<string> warn) : IDisposable
{
    private string? _path; // where it is, or was
    private string _whyNone = "";

    /// <summary>The server's alone; null when there is none to be had.</summary>
    internal SpoolDirectory? Directory { get; private set; }

    /// <summary>Where it is, or was; empty when there never was one.</summary>
    internal string LastPath => _path ?? "";

    /// <summary>The paths to try for a server that has named none, best first.</summary>
    /// <param name="variable">Reads the environment.</param>
    /// <param name="temp">The temporary directory.</param>
    /// <param name="user">The number of the server's user.</param>
    /// <param name="program">The server's name.</param>
    internal static IReadOnlyList<string> Defaults(Func<string, string?> variable, string temp, string user, string program)
    {
        List<string> paths = [];
        foreach (string? parent in (string?[])[variable("RUNTIME_DIRECTORY")?.Split(':')[0], variable("XDG_RUNTIME_DIR"), "/dev/shm", temp])
            if (!string.IsNullOrEmpty(parent))
                paths.Add(Path.Combine(parent, string.Create(CultureInfo.InvariantCulture, $"seamlessreboot-{user}-{program}")));
        return paths;
    }

    /// <summary>Opens the directory of a server that starts. Without a named one, none at all is only a warning.</summary>
    /// <exception cref="IOException">The named one cannot be used. The message says what to do.</exception>
    internal void Open()
    {
        if (named is not null)
            Take(SpoolDirectory.Open(named, warn), named);
        else if (OpenDefault() is SpoolDirectory free)
            Take(free, free.Path);
        else
            warn(_whyNone + " Reboots will go through a memory file; what a crash leaves cannot be kept.");
    }

    /// <summary>Goes on with what the process before had.</summary>
    /// <param name="directory">Null when it had none in the end.</param>
    /// <param name="path">Where it was, if anywhere.</param>
    internal void Take(SpoolDirectory? directory, string? path)
    {
        Directory = directory;
        _path = path;
        if (directory is null)
            _whyNone = NoDirectory();
    }

    /// <summary>If there is no directory any more, because somebody has cleared it away, makes it anew.</summary>
    /// <param name="anywhere">
    /// Whether the other default places will do too. So for a checkpoint, which needs a directory; a reboot has memory, and leaves
    /// nothing behind there.
    /// </param>
    /// <returns>Whether there is a new one.</returns>
    internal bool Renew(bool anywhere)
    {
        if (Directory is { IsRemoved: false })
            return false;
        SpoolDirectory? removed = Directory;
        Directory = OpenAgain(anywhere);
        removed?.Dispose();
        _path = Directory?.Path ?? _path;
        return Directory is not null;
    }

    /// <summary>The directory, for what needs one.</summary>
    /// <exception cref="IOException">There is none. The message says why.</exception>
    internal SpoolDirectory Require() => Directory ?? throw new IOException(_whyNone);

    /// <summary>Begins what a reboot writes: in the directory if that will do, else in memory.</summary>
    /// <param name="estimate">How many bytes it is going to have.</param>
    /// <exception cref="IOException">Neither will do.</exception>
    internal RebootSpool BeginReboot(long estimate) => RebootSpool.Begin(Directory, _whyNone, estimate, warn);

    public void Dispose() => Directory?.Dispose();

    private SpoolDirectory? OpenAgain(bool anywhere)
    {
        try
        {
            if (named is not null)
                return SpoolDirectory.Open(named, warn);
        }
        catch (IOException e)
        {
            _whyNone = e.Message;
            return null;
        }

        _whyNone = NoDirectory();
        return (string.IsNullOrEmpty(_path) ? null : SpoolDirectory.TryOpenDefault(_path, mostNames: 1)) ?? (anywhere ? OpenDefault() : null);
    }

    private SpoolDirectory? OpenDefault()
    {
        IReadOnlyList<string> paths = defaults();
        foreach (string path in paths)
            if (SpoolDirectory.TryOpenDefault(path) is SpoolDirectory free)
                return free;
        _whyNone = $"No spool directory can be made: {string.Join(", ", paths)} and those with a number behind are other servers' or users', or "
            + "cannot be written to. Set RebooterOptions.SpoolDirectory to a directory that the server's user can create or owns.";
        return null;
    }

    private string NoDirectory() => $"The spool directory '{_path}' has been removed, and cannot be made anew. Make it again, or set "
        + "RebooterOptions.SpoolDirectory to a directory that stays.";
}

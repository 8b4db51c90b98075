using SeamlessReboot.Angel.Holding;

namespace SeamlessReboot.Angel;

/// <summary>What surrounds an angel's loop: prepared by "run", handed to <see cref="Angel.Run"/>.</summary>
internal sealed class AngelHost
{
    internal IReadOnlyList<HeldListener> Listeners { get; init; } = [];

    /// <summary>Holds the lock of the runtime directory; has to stay open over an exec.</summary>
    internal int LockFd { get; init; } = -1;

    /// <summary>Holds the lock of --pid-file, likewise; -1 without.</summary>
    internal int PidFileFd { get; init; } = -1;

    /// <summary>Set for the server: HOME, USER, LOGNAME where --user was given.</summary>
    internal IReadOnlyDictionary<string, string> Variables { get; init; } = new Dictionary<string, string>();

    /// <summary>To be called once, when the server is ready for the first time; with what to tell whoever has started the daemon.</summary>
    internal Action<string> WhenReady { get; init; } = _ => { };

    /// <summary>To be called when the angel ends without that: exit code, and the server's last words.</summary>
    internal Action<int, string> WhenFailed { get; init; } = (_, _) => { };

    /// <summary>The angel's own lines; never throws.</summary>
    internal Action<string> Log { get; init; } = _ => { };
}

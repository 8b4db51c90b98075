using SeamlessReboot.Angel.Daemon;

namespace SeamlessReboot.Angel.Discovery;

/// <summary>A runtime directory, and whether an angel lives in it.</summary>
/// <param name="Name">The directory's name.</param>
/// <param name="Directory">Its path.</param>
/// <param name="Lock">Its pid file.</param>
internal sealed record FoundAngel(string Name, string Directory, PidFileState Lock)
{
    /// <summary>The angel's process, as far as its pid file says.</summary>
    internal int? Pid => Lock.Pid;

    /// <summary>Its lock is held.</summary>
    internal bool Runs => Lock.Held;
}

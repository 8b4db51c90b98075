using SeamlessReboot.Angel.Holding;

namespace SeamlessReboot.Angel;

/// <summary>What of the host crosses when the angel replaces itself by its new version: nothing of it is opened a second time.</summary>
/// <param name="RuntimeDirectory">The one of the start: its default may be another for the user that the angel has become.</param>
/// <param name="Listeners">Open under the same numbers.</param>
/// <param name="LockFd">Of the pid file in the runtime directory.</param>
/// <param name="PidFileFd">Of --pid-file; -1 without.</param>
internal sealed record CarriedOver(string RuntimeDirectory, IReadOnlyList<HeldListener> Listeners, int LockFd, int PidFileFd);

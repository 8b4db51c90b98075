namespace SeamlessReboot.Angel.Daemon;

/// <summary>What was found at a pid file's path.</summary>
/// <param name="Exists">There is something.</param>
/// <param name="Readable">This user may read it; if not, the rest is not known.</param>
/// <param name="Pid">The number in it.</param>
/// <param name="Held">A living process has it locked.</param>
internal sealed record PidFileState(bool Exists, bool Readable, int? Pid, bool Held);

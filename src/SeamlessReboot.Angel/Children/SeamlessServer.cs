namespace SeamlessReboot.Angel.Children;

/// <summary>What a seamless server adds to READY=1.</summary>
/// <param name="Generation">Its generation.</param>
/// <param name="RebootSignal">The signal that asks it for a reboot, if there is one.</param>
/// <param name="CheckpointSignal">The signal that asks it for a checkpoint, if there is one.</param>
/// <param name="Spool">Its spool directory, if it has said so.</param>
/// <param name="ReadsNames">It reads the names of descriptors from a file too, where LISTEN_FDNAMES is too short for them.</param>
internal sealed record SeamlessServer(int Generation, int? RebootSignal, int? CheckpointSignal, string? Spool, bool ReadsNames = false);

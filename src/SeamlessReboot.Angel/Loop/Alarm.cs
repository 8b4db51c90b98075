namespace SeamlessReboot.Angel.Loop;

/// <summary>What there is an alarm for; each at most once at a time.</summary>
internal enum Alarm
{
    /// <summary>The state has lasted as long as it may.</summary>
    State,

    /// <summary>No heartbeat for too long.</summary>
    Watchdog,

    /// <summary>The server has been ready for long.</summary>
    Stable,

    /// <summary>A server that does not notify has lived long enough to be taken for ready.</summary>
    StartDelay,

    /// <summary>The next probe.</summary>
    Probe,

    /// <summary>Servers that have been replaced have had their time to end.</summary>
    Retire,

    /// <summary>The check of the angel's own new version takes too long.</summary>
    Check,

    /// <summary>The server was asked for a checkpoint and has said nothing of it.</summary>
    Checkpoint,

    /// <summary>To say how much has been refused since it was last said.</summary>
    Refusals,
}

namespace SeamlessReboot.Angel.Loop;

/// <summary>The time limits; each is set at most once at a time.</summary>
internal enum Alarm
{
    /// <summary>The time limit of the state.</summary>
    State,

    /// <summary>No heartbeat for too long.</summary>
    Watchdog,

    /// <summary>The server has been ready for long.</summary>
    Stable,

    /// <summary>A server that does not notify is presumed ready.</summary>
    StartDelay,

    /// <summary>The next probe.</summary>
    Probe,

    /// <summary>The time limit for replaced servers to end.</summary>
    Retire,

    /// <summary>The check of the angel's own new version takes too long.</summary>
    Check,

    /// <summary>The server has not reported the checkpoint that it was asked for.</summary>
    Checkpoint,

    /// <summary>The next log line about refused messages and descriptors.</summary>
    Refusals,

    /// <summary>The loop is to turn, so that it notices when it could not.</summary>
    Pulse,
}

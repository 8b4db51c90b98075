namespace SeamlessReboot.Angel;

/// <summary>What can happen to the angel; what it does then depends on its <see cref="State"/>. See <see cref="Table"/>.</summary>
internal enum Happening
{
    /// <summary>The server has said READY=1.</summary>
    MainReady,

    /// <summary>A server that does not notify is taken for ready.</summary>
    MainPresumed,

    /// <summary>The server has said RELOADING=1.</summary>
    MainReloading,

    /// <summary>The server has said STOPPING=1.</summary>
    MainStopping,

    /// <summary>The server is alive.</summary>
    Heartbeat,

    /// <summary>The server hangs: no heartbeat, no answer to the probe, or it says so itself.</summary>
    MainHung,

    /// <summary>The server has named another process as the server.</summary>
    MainChanged,

    /// <summary>The server's process is gone.</summary>
    MainExited,

    /// <summary>The one that is to take its place is ready.</summary>
    NextReady,

    /// <summary>The one that was to take its place is gone.</summary>
    NextExited,

    /// <summary>A process is gone that was neither.</summary>
    OrphanExited,

    /// <summary>The state has lasted as long as it may.</summary>
    Deadline,

    /// <summary>The server asks for more time.</summary>
    MoreTime,

    /// <summary>The server has been ready for long.</summary>
    Stable,

    /// <summary>Somebody wants the server rebooted.</summary>
    RebootAsked,

    /// <summary>Somebody wants a checkpoint.</summary>
    CheckpointAsked,

    /// <summary>The server has written a checkpoint, or could not.</summary>
    CheckpointDone,

    /// <summary>Somebody wants the server, and the angel, to end.</summary>
    StopAsked,

    /// <summary>Somebody wants a signal sent to the server.</summary>
    KillAsked,

    /// <summary>Somebody wants everything in the log, and the counters back to zero.</summary>
    ReportAsked,

    /// <summary>Somebody wants the angel itself rebooted.</summary>
    SelfRebootAsked,
}

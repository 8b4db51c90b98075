namespace SeamlessReboot.Angel;

/// <summary>The server's state, as the angel sees it.</summary>
internal enum State
{
    /// <summary>It runs, and is not ready yet.</summary>
    Starting,

    /// <summary>It serves.</summary>
    Ready,

    /// <summary>It reboots itself, and is not ready again yet.</summary>
    Reloading,

    /// <summary>It serves, while the next server starts beside it.</summary>
    RollingOver,

    /// <summary>It is being killed, to be started again.</summary>
    Aborting,

    /// <summary>It is about to end (STOPPING=1).</summary>
    Leaving,

    /// <summary>It was told to end; the angel ends with it.</summary>
    Stopping,

    /// <summary>No server runs; the next start is scheduled.</summary>
    Waiting,

    /// <summary>No server runs, and none will be started.</summary>
    Ended,
}

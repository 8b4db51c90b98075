namespace SeamlessReboot.Angel;

/// <summary>What the server, as the angel sees it, is doing.</summary>
internal enum State
{
    /// <summary>It runs, and is not ready yet.</summary>
    Starting,

    /// <summary>It serves.</summary>
    Ready,

    /// <summary>It reboots itself, and is not ready again yet.</summary>
    Reloading,

    /// <summary>It serves, while another one starts that is to take its place.</summary>
    RollingOver,

    /// <summary>It is being killed, and will be started again.</summary>
    Aborting,

    /// <summary>It is about to end (STOPPING=1).</summary>
    Leaving,

    /// <summary>It was told to end, and the angel ends with it.</summary>
    Stopping,

    /// <summary>There is none; the next start is some time away.</summary>
    Waiting,

    /// <summary>There is none, and there will be none.</summary>
    Ended,
}

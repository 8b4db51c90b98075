namespace SeamlessReboot.Angel;

/// <summary>The events that the angel reacts to. What it does depends on its <see cref="State"/>: see <see cref="StateTable"/>.</summary>
internal enum Event
{
    /// <summary>The server has said READY=1.</summary>
    MainReady,

    /// <summary>A server that does not notify is presumed to be ready.</summary>
    MainPresumedReady,

    /// <summary>The server has said RELOADING=1.</summary>
    MainReloading,

    /// <summary>The server has said STOPPING=1.</summary>
    MainStopping,

    /// <summary>The server is alive.</summary>
    Heartbeat,

    /// <summary>The server hangs: no heartbeat, no answer to the probe, or it says so itself.</summary>
    MainHung,

    /// <summary>The server has named another process as its main process (MAINPID=).</summary>
    MainPidChanged,

    /// <summary>The server's main process has exited.</summary>
    MainExited,

    /// <summary>The next server is ready to take over from the running one.</summary>
    NextReady,

    /// <summary>The next server has exited before it was ready.</summary>
    NextExited,

    /// <summary>A process has exited that was neither.</summary>
    OrphanExited,

    /// <summary>The time limit of the state has passed.</summary>
    Deadline,

    /// <summary>The server asks for more time (EXTEND_TIMEOUT_USEC=).</summary>
    MoreTimeRequested,

    /// <summary>The server has been ready for <see cref="AngelOptions.StableAfter"/>.</summary>
    Stable,

    /// <summary>The angel has not run for a while, and the server, very likely, neither: a container or a machine was paused.</summary>
    Thawed,

    /// <summary>A reboot of the server is requested.</summary>
    RebootRequested,

    /// <summary>A checkpoint is requested.</summary>
    CheckpointRequested,

    /// <summary>The server has written a checkpoint, or could not.</summary>
    CheckpointDone,

    /// <summary>The end of the server, and of the angel, is requested.</summary>
    StopRequested,

    /// <summary>A signal to the server is requested.</summary>
    SignalRequested,

    /// <summary>The status is to be logged and the counters reset.</summary>
    ReportRequested,

    /// <summary>A reboot of the angel itself is requested.</summary>
    SelfRebootRequested,
}

namespace SeamlessReboot.Angel;

/// <summary>What the angel does when something happens; one small method each.</summary>
internal enum Deed
{
    /// <summary>Nothing.</summary>
    Ignore,

    BecomeReady,
    BeginReloading,
    BeginLeaving,
    Beat,
    Abort,
    Follow,
    FailStart,
    FailReload,
    Die,
    DieAborted,
    DieLeaving,
    EndStopped,
    PromoteNext,
    CompleteRollover,
    CallOffRollover,
    TooSlow,
    Kill,
    StartAgain,
    StartIfFree,
    ExtendDeadline,
    BecomeStable,
    Reboot,
    JoinReboot,
    StartNow,
    Refuse,
    Checkpoint,
    TellCheckpoint,
    KillReplaced,
    Stop,
    StopAborting,
    ForwardAgain,
    EndNow,
    SendSignal,
    Report,
    SelfReboot,
}

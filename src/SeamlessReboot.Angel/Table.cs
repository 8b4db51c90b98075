using static SeamlessReboot.Angel.Deed;

namespace SeamlessReboot.Angel;

/// <summary>What the angel does, for each thing that can happen in each state. The whole of its behaviour is a cell of this.</summary>
internal static class Table
{
    private static readonly Deed[][] _rows =
    [
        //                     Starting        Ready           Reloading       RollingOver       Aborting      Leaving         Stopping      Waiting       Ended
        /* MainReady       */ [BecomeReady,    Ignore,         BecomeReady,    Ignore,           Ignore,       Ignore,         Ignore,       Ignore,       Ignore],
        /* MainPresumed    */ [BecomeReady,    Ignore,         Ignore,         Ignore,           Ignore,       Ignore,         Ignore,       Ignore,       Ignore],
        /* MainReloading   */ [Ignore,         BeginReloading, Ignore,         Ignore,           Ignore,       Ignore,         Ignore,       Ignore,       Ignore],
        /* MainStopping    */ [BeginLeaving,   BeginLeaving,   BeginLeaving,   Ignore,           Ignore,       Ignore,         Ignore,       Ignore,       Ignore],
        /* Heartbeat       */ [Ignore,         Beat,           Ignore,         Beat,             Ignore,       Ignore,         Ignore,       Ignore,       Ignore],
        /* MainHung        */ [Abort,          Abort,          Abort,          Kill,             Ignore,       Ignore,         Ignore,       Ignore,       Ignore],
        /* MainChanged     */ [Follow,         Follow,         Follow,         Follow,           Ignore,       Follow,         Follow,       Ignore,       Ignore],
        /* MainExited      */ [FailStart,      Die,            FailReload,     PromoteNext,      DieAborted,   DieLeaving,     EndStopped,   Ignore,       Ignore],
        /* NextReady       */ [Ignore,         Ignore,         Ignore,         CompleteRollover, Ignore,       Ignore,         Ignore,       Ignore,       Ignore],
        /* NextExited      */ [Ignore,         Ignore,         Ignore,         CallOffRollover,  Ignore,       Ignore,         Ignore,       Ignore,       Ignore],
        /* OrphanExited    */ [Ignore,         Ignore,         Ignore,         Ignore,           Ignore,       Ignore,         Ignore,       StartIfFree,  Ignore],
        /* Deadline        */ [TooSlow,        Ignore,         TooSlow,        CallOffRollover,  Kill,         Kill,           Kill,         StartAgain,   Ignore],
        /* MoreTime        */ [ExtendDeadline, Ignore,         ExtendDeadline, ExtendDeadline,   Ignore,       ExtendDeadline, ExtendDeadline, Ignore,     Ignore],
        /* Stable          */ [Ignore,         BecomeStable,   Ignore,         BecomeStable,     Ignore,       Ignore,         Ignore,       Ignore,       Ignore],
        /* RebootAsked     */ [RebootLater,    Reboot,         JoinReboot,     JoinReboot,       Refuse,       Refuse,         Refuse,       StartNow,     Refuse],
        /* CheckpointAsked */ [Refuse,         Checkpoint,     Refuse,         Checkpoint,       Refuse,       Refuse,         Refuse,       Refuse,       Refuse],
        /* CheckpointDone  */ [Ignore,         TellCheckpoint, Ignore,         TellCheckpoint,   KillReplaced, Ignore,         Ignore,       Ignore,       Ignore],
        /* StopAsked       */ [Stop,           Stop,           Stop,           Stop,             StopAborting, Stop,           ForwardAgain, EndNow,       Ignore],
        /* KillAsked       */ [SendSignal,     SendSignal,     SendSignal,     SendSignal,       SendSignal,   SendSignal,     SendSignal,   Refuse,       Refuse],
        /* ReportAsked     */ [Report,         Report,         Report,         Report,           Report,       Report,         Report,       Report,       Report],
        /* SelfRebootAsked */ [SelfReboot,     SelfReboot,     SelfReboot,     SelfReboot,       SelfReboot,   SelfReboot,     Refuse,       SelfReboot,   Refuse],
    ];

    internal static Deed For(State state, Happening happening) => _rows[(int)happening][(int)state];

    /// <summary>For the tests: one row for each thing that can happen, one column for each state.</summary>
    internal static IReadOnlyList<IReadOnlyList<Deed>> Rows => _rows;
}

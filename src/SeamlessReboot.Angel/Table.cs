using static SeamlessReboot.Angel.Deed;

namespace SeamlessReboot.Angel;

/// <summary>What the angel does, for each thing that can happen in each state. The whole of its behaviour is a cell of this.</summary>
internal static class Table
{
    private static readonly Deed[][] _rows =
    [
        //                         Starting        Ready           Reloading       RollingOver       Aborting      Leaving         Stopping        Waiting      Ended
        /* MainReady           */ [BecomeReady,    Ignore,         BecomeReady,    Ignore,           Ignore,       Ignore,         Ignore,         Ignore,      Ignore],
        /* MainPresumedReady   */ [BecomeReady,    Ignore,         Ignore,         Ignore,           Ignore,       Ignore,         Ignore,         Ignore,      Ignore],
        /* MainReloading       */ [Ignore,         BeginReloading, Ignore,         Ignore,           Ignore,       Ignore,         Ignore,         Ignore,      Ignore],
        /* MainStopping        */ [BeginLeaving,   BeginLeaving,   BeginLeaving,   Ignore,           Ignore,       Ignore,         Ignore,         Ignore,      Ignore],
        /* Heartbeat           */ [Ignore,         Beat,           Ignore,         Beat,             Ignore,       Ignore,         Ignore,         Ignore,      Ignore],
        /* MainHung            */ [Abort,          Abort,          Abort,          Kill,             Ignore,       Ignore,         Ignore,         Ignore,      Ignore],
        /* MainPidChanged      */ [Follow,         Follow,         Follow,         Follow,           Ignore,       Follow,         Follow,         Ignore,      Ignore],
        /* MainExited          */ [FailStart,      Die,            FailReload,     PromoteNext,      DieAborted,   DieLeaving,     EndStopped,     Ignore,      Ignore],
        /* NextReady           */ [Ignore,         Ignore,         Ignore,         CompleteRollover, Ignore,       Ignore,         Ignore,         Ignore,      Ignore],
        /* NextExited          */ [Ignore,         Ignore,         Ignore,         CallOffRollover,  Ignore,       Ignore,         Ignore,         Ignore,      Ignore],
        /* OrphanExited        */ [Ignore,         Ignore,         Ignore,         Ignore,           Ignore,       Ignore,         Ignore,         StartIfFree, Ignore],
        /* Deadline            */ [TooSlow,        Ignore,         TooSlow,        CallOffRollover,  Kill,         Kill,           Kill,           StartAgain,  Ignore],
        /* MoreTimeRequested   */ [ExtendDeadline, Ignore,         ExtendDeadline, ExtendDeadline,   Ignore,       ExtendDeadline, ExtendDeadline, Ignore,      Ignore],
        /* Stable              */ [Ignore,         BecomeStable,   Ignore,         BecomeStable,     Ignore,       Ignore,         Ignore,         Ignore,      Ignore],
        /* RebootRequested     */ [RebootLater,    Reboot,         JoinReboot,     JoinReboot,       Refuse,       Refuse,         Refuse,         StartNow,    Refuse],
        /* CheckpointRequested */ [Refuse,         Checkpoint,     Refuse,         Checkpoint,       Refuse,       Refuse,         Refuse,         Refuse,      Refuse],
        /* CheckpointDone      */ [Ignore,         TellCheckpoint, Ignore,         TellCheckpoint,   KillReplaced, Ignore,         Ignore,         Ignore,      Ignore],
        /* StopRequested       */ [Stop,           Stop,           Stop,           Stop,             StopAborting, Stop,           ForwardAgain,   EndNow,      Ignore],
        /* SignalRequested     */ [SendSignal,     SendSignal,     SendSignal,     SendSignal,       SendSignal,   SendSignal,     SendSignal,     Refuse,      Refuse],
        /* ReportRequested     */ [Report,         Report,         Report,         Report,           Report,       Report,         Report,         Report,      Report],
        /* SelfRebootRequested */ [SelfReboot,     SelfReboot,     SelfReboot,     SelfReboot,       SelfReboot,   SelfReboot,     Refuse,         SelfReboot,  Refuse],
    ];

    internal static Deed For(State state, Event what) => _rows[(int)what][(int)state];

    /// <summary>For the tests: one row for each thing that can happen, one column for each state.</summary>
    internal static IReadOnlyList<IReadOnlyList<Deed>> Rows => _rows;
}

using static SeamlessReboot.Angel.StateAction;

namespace SeamlessReboot.Angel;

/// <summary>The angel's action for each event in each state. To change what the angel does, change a cell.</summary>
internal static class StateTable
{
    private static readonly StateAction[][] _rows =
    [
        //                         Starting                 Ready             Reloading                 RollingOver       Aborting              Leaving                   Stopping        Waiting           Ended
        /* MainReady           */ [BecomeReady,             Ignore,           BecomeReady,              Ignore,           Ignore,               Ignore,                   Ignore,         Ignore,           Ignore],
        /* MainPresumedReady   */ [BecomeReady,             Ignore,           Ignore,                   Ignore,           Ignore,               Ignore,                   Ignore,         Ignore,           Ignore],
        /* MainReloading       */ [Ignore,                  BeginReloading,   Ignore,                   Ignore,           Ignore,               Ignore,                   Ignore,         Ignore,           Ignore],
        /* MainStopping        */ [BeginLeaving,            BeginLeaving,     BeginLeaving,             Ignore,           Ignore,               Ignore,                   Ignore,         Ignore,           Ignore],
        /* Heartbeat           */ [Ignore,                  ResetWatchdog,    Ignore,                   ResetWatchdog,    Ignore,               Ignore,                   Ignore,         Ignore,           Ignore],
        /* MainHung            */ [Abort,                   Abort,            Abort,                    Kill,             Ignore,               Ignore,                   Ignore,         Ignore,           Ignore],
        /* MainPidChanged      */ [FollowMainPid,           FollowMainPid,    FollowMainPid,            FollowMainPid,    Ignore,               FollowMainPid,            FollowMainPid,  Ignore,           Ignore],
        /* MainExited          */ [RestartAfterFailedStart, RestartOrEnd,     RestartAfterFailedReload, PromoteNext,      RestartAfterAbort,    RestartOrEndAfterLeaving, EndAfterStop,   Ignore,           Ignore],
        /* NextReady           */ [Ignore,                  Ignore,           Ignore,                   CompleteRollover, Ignore,               Ignore,                   Ignore,         Ignore,           Ignore],
        /* NextExited          */ [Ignore,                  Ignore,           Ignore,                   CallOffRollover,  Ignore,               Ignore,                   Ignore,         Ignore,           Ignore],
        /* OrphanExited        */ [Ignore,                  Ignore,           Ignore,                   Ignore,           Ignore,               Ignore,                   Ignore,         StartIfGroupGone, Ignore],
        /* Deadline            */ [AbortOverdue,            Ignore,           AbortOverdue,             CallOffRollover,  Kill,                 Kill,                     Kill,           StartAgain,       Ignore],
        /* MoreTimeRequested   */ [ExtendDeadline,          Ignore,           ExtendDeadline,           ExtendDeadline,   Ignore,               ExtendDeadline,           ExtendDeadline, Ignore,           Ignore],
        /* Stable              */ [Ignore,                  BecomeStable,     Ignore,                   BecomeStable,     Ignore,               Ignore,                   Ignore,         Ignore,           Ignore],
        /* Thawed              */ [BeginTimesAnew,          BeginTimesAnew,   BeginTimesAnew,           BeginTimesAnew,   BeginTimesAnew,       BeginTimesAnew,           BeginTimesAnew, Ignore,           Ignore],
        /* RebootRequested     */ [DeferReboot,             Reboot,           JoinReboot,               JoinReboot,       Refuse,               Refuse,                   Refuse,         StartNow,         Refuse],
        /* CheckpointRequested */ [Refuse,                  Checkpoint,       Refuse,                   Checkpoint,       Refuse,               Refuse,                   Refuse,         Refuse,           Refuse],
        /* CheckpointDone      */ [Ignore,                  AnswerCheckpoint, Ignore,                   AnswerCheckpoint, KillReplacedFallback, Ignore,                   Ignore,         Ignore,           Ignore],
        /* StopRequested       */ [Stop,                    Stop,             Stop,                     Stop,             StopAborting,         Stop,                     RepeatSignal,   EndNow,           Ignore],
        /* SignalRequested     */ [SendSignal,              SendSignal,       SendSignal,               SendSignal,       SendSignal,           SendSignal,               SendSignal,     Refuse,           Refuse],
        /* ReportRequested     */ [LogStatus,               LogStatus,        LogStatus,                LogStatus,        LogStatus,            LogStatus,                LogStatus,      LogStatus,        LogStatus],
        /* SelfRebootRequested */ [RebootSelf,              RebootSelf,       RebootSelf,               RebootSelf,       RebootSelf,           RebootSelf,               Refuse,         RebootSelf,       Refuse],
    ];

    internal static StateAction ActionFor(State state, Event what) => _rows[(int)what][(int)state];

    /// <summary>For the tests: one row for each event, one column for each state.</summary>
    internal static IReadOnlyList<IReadOnlyList<StateAction>> Rows => _rows;
}

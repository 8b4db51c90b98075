using Microsoft.Extensions.Logging;
using SeamlessReboot.Angel.Children;
using SeamlessReboot.Angel.Control;
using SeamlessReboot.Angel.Descriptors;
using SeamlessReboot.Angel.Loop;

namespace SeamlessReboot.Angel;

/// <summary>
/// The supervisor: what it knows of the server, and what it does when something happens, which <see cref="StateTable"/> says. Only the
/// loop's thread enters it. It decides; <see cref="ISystem"/> acts.
/// </summary>
internal sealed partial class Angel
{
    private const int SigHup = 1, SigAbrt = 6, SigKill = 9, SigTerm = 15, SigCont = 18;
    private readonly AngelOptions _options;
    private readonly AngelHost _host;
    private readonly ISystem _system;
    private readonly TimeProvider _time;
    private readonly Alarms _alarms;
    private readonly FdStore _store;
    private readonly Releases _releases;
    private readonly DeathTally _tally;
    private readonly List<Child> _retiring = [];
    private readonly List<ControlCall> _rebootCalls = [], _deferredRebootCalls = [], _checkpointCalls = [], _stopCalls = [];
    private Child? _main, _next;

    internal Angel(AngelOptions options, AngelHost host, ISystem system, Alarms alarms, FdStore store, Releases releases, TimeProvider time)
    {
        _options = options;
        _host = host;
        _system = system;
        _alarms = alarms;
        _store = store;
        _releases = releases;
        _time = time;
        _tally = new DeathTally(options, time);
        _command = releases.Main;
    }

    internal State State { get; private set; } = State.Waiting;

    /// <summary>The angel's exit code; null while it runs.</summary>
    internal int? ExitCode { get; private set; }

    /// <summary>How long the server may be silent; null when it may be for ever.</summary>
    internal TimeSpan? Watchdog => _main?.Watchdog;

    /// <summary>The release that was started last.</summary>
    private Release _command;

    /// <summary>Runs a server and looks after it until it ends.</summary>
    /// <returns>The exit code.</returns>
    internal static int Run(AngelOptions options, AngelHost host) => AngelLoop.Run(options, host);

    /// <summary>The first start.</summary>
    internal void Begin() => StartMain();

    /// <summary>Does what the table says for this event in the current state.</summary>
    /// <param name="what">A row of the table.</param>
    /// <param name="details">What comes with the event.</param>
    internal void Handle(Event what, EventDetails details = default) => Do(StateTable.ActionFor(State, what), details);

    private void Do(StateAction action, EventDetails details)
    {
        switch (action)
        {
            case StateAction.Ignore: Ignore(details); break;
            case StateAction.BecomeReady: BecomeReady(); break;
            case StateAction.BeginReloading: BeginReloading(); break;
            case StateAction.BeginLeaving: BeginLeaving(); break;
            case StateAction.ResetWatchdog: ResetWatchdog(); break;
            case StateAction.Abort: Abort(details.Text); break;
            case StateAction.FollowMainPid: FollowMainPid(details.Number); break;
            case StateAction.RestartAfterFailedStart: RestartAfterFailedStart(details.Status); break;
            case StateAction.RestartAfterFailedReload: RestartAfterFailedReload(details.Status); break;
            case StateAction.RestartOrEnd: RestartOrEnd(details.Status); break;
            case StateAction.RestartAfterAbort: RestartAfterAbort(details.Status); break;
            case StateAction.RestartOrEndAfterLeaving: RestartOrEndAfterLeaving(details.Status); break;
            case StateAction.EndAfterStop: EndAfterStop(details.Status); break;
            case StateAction.PromoteNext: PromoteNext(details.Status); break;
            case StateAction.CompleteRollover: CompleteRollover(); break;
            case StateAction.CallOffRollover: CallOffRollover(details.Status); break;
            case StateAction.AbortOverdue: AbortOverdue(); break;
            case StateAction.Kill: Kill(details.Text); break;
            case StateAction.StartAgain: StartAgain(); break;
            case StateAction.StartIfGroupGone: StartIfGroupGone(); break;
            case StateAction.ExtendDeadline: _alarms.Extend(Alarm.State, details.Time); break;
            case StateAction.BecomeStable: BecomeStable(); break;
            case StateAction.BeginTimesAnew: BeginTimesAnew(details.Time); break;
            case StateAction.Reboot: Reboot(details.Call); break;
            case StateAction.DeferReboot: DeferReboot(details.Call); break;
            case StateAction.JoinReboot: JoinReboot(details.Call); break;
            case StateAction.StartNow: StartNow(details.Call); break;
            case StateAction.Refuse: Refuse(details.Call); break;
            case StateAction.Checkpoint: Checkpoint(details.Call); break;
            case StateAction.AnswerCheckpoint: AnswerCheckpoint(details.Number); break;
            case StateAction.KillReplacedFallback: KillReplacedFallback(); break;
            case StateAction.Stop: Stop(details.Number, details.Call); break;
            case StateAction.StopAborting: StopAborting(details.Call); break;
            case StateAction.RepeatSignal: RepeatSignal(details.Number, details.Call); break;
            case StateAction.EndNow: EndNow(details.Call); break;
            case StateAction.SendSignal: SendSignal(details.Number, details.Call); break;
            case StateAction.LogStatus: LogStatus(); break;
            case StateAction.RebootSelf: _system.RebootSelf(); break;
            default: throw new ArgumentOutOfRangeException(nameof(action), action, "No method does this.");
        }
    }

    // An event without an action is not logged, but a request gets an answer.
    private void Ignore(EventDetails details) => details.Call?.Answer(false, $"The angel ignores this request in the state {State}.");

    private void Enter(State state, TimeSpan? limit = null)
    {
        State = state;
        if (limit is TimeSpan time)
            _alarms.Set(Alarm.State, time);
        else
            _alarms.Clear(Alarm.State);
        if (state is not (State.Ready or State.RollingOver))
        {
            _alarms.Clear(Alarm.Watchdog);
            _alarms.Clear(Alarm.Stable);
            _alarms.Clear(Alarm.Probe);
            AnswerAll(_checkpointCalls, false, "The server did not finish its checkpoint. The previous one stays valid.");
        }

        if (state is not (State.Starting or State.RollingOver))
            _alarms.Clear(Alarm.StartDelay);
    }

    private void Log(LogLevel level, string text)
    {
        try
        {
            _host.Log(level, text);
        }
#pragma warning disable CA1031 // the angel survives a log that cannot be written
        catch (Exception)
#pragma warning restore CA1031
        {
        }
    }

    private void Log(string text) => Log(LogLevel.Information, text);

    private void Warn(string text) => Log(LogLevel.Warning, text);

    private static string Seconds(TimeSpan time) => FormattableString.Invariant($"{time.TotalSeconds:0.###} s");

    private static void AnswerAll(List<ControlCall> calls, bool ok, string message)
    {
        foreach (ControlCall call in calls)
            call.Answer(ok, message);
        calls.Clear();
    }
}

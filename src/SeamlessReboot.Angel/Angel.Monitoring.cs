using Microsoft.Extensions.Logging;
using SeamlessReboot.Angel.Children;
using SeamlessReboot.Angel.Loop;

namespace SeamlessReboot.Angel;

// Watchdog, probe and time limits: a server that runs, and may hang.
internal sealed partial class Angel
{
    private static readonly TimeSpan _worthALine = TimeSpan.FromSeconds(1);
    private int _probeFaults;
    private long _probeBegun, _thawed;

    /// <summary>The time of an alarm has come.</summary>
    internal void OnAlarm(Alarm alarm)
    {
        switch (alarm)
        {
            case Alarm.State: Handle(Event.Deadline); break;
            case Alarm.Watchdog: MissHeartbeat(); break;
            case Alarm.Stable: Handle(Event.Stable); break;
            case Alarm.StartDelay: OnStartDelayOver(); break;
            case Alarm.Probe: BeginProbe(); break;
            case Alarm.Retire: KillRetired(); break;
            case Alarm.Checkpoint: AnswerAll(_checkpointCalls, false, $"The server has not reported its checkpoint within {Seconds(_checkpointTimeout)}. Its log may say why."); break;
            case Alarm.Check: _system.KillSelfCheck(); break;
            case Alarm.Refusals: LogRefusals(); break;
            case Alarm.Pulse: break; // the loop has looked at the clock, and that is all
            default: throw new ArgumentOutOfRangeException(nameof(alarm), alarm, "There is no such alarm.");
        }
    }

    // The angel may be late itself: what has arrived counts, although nobody has read it yet.
    private void MissHeartbeat()
    {
        _system.ReadNotifications();
        if (!_alarms.IsSet(Alarm.Watchdog))
            Handle(Event.MainHung, new EventDetails(Text: $"it has sent no heartbeat for {Seconds(_main?.Watchdog ?? default)}"));
    }

    // Nobody is taken for hung, or late, for a time in which the angel could not have heard of it: each limit goes on where it stood.
    private void BeginTimesAnew(TimeSpan frozen)
    {
        _thawed = _time.GetTimestamp();
        _alarms.Postpone(frozen);
        if (_alarms.IsSet(Alarm.Watchdog))
            ResetWatchdog();
        if (frozen >= _worthALine)
            Warn($"The angel has not run for {Seconds(frozen)}: it was stopped, or the machine or container was paused. The server gets that time on top of its limits, and its watchdog begins anew.");
    }

    private void ResetWatchdog()
    {
        if (_main?.Watchdog is TimeSpan time && time > TimeSpan.Zero)
            _alarms.Set(Alarm.Watchdog, time);
        else
            _alarms.Clear(Alarm.Watchdog);
    }

    private void BeginProbe()
    {
        if (State != State.Ready)
            return;
        _probeBegun = _time.GetTimestamp();
        _system.StartProbe(_main!.Pid);
    }

    /// <summary>A probe has come back: null when all is well.</summary>
    internal void OnProbeAnswered(int pid, string? fault)
    {
        if (pid != _main?.Pid || State != State.Ready)
            return;
        _alarms.Set(Alarm.Probe, _options.ProbeInterval);
        if (fault is null)
        {
            _probeFaults = 0;
            return;
        }

        if (_thawed > _probeBegun)
            return; // it may have failed only because nobody ran

        _probeFaults++;
        Warn($"The probe has failed, {_probeFaults} of {_options.ProbeFailures} times in a row: {fault}");
        if (_probeFaults >= _options.ProbeFailures)
            Handle(Event.MainHung, new EventDetails(Text: $"{_probeFaults} probes in a row have failed, the last because: {fault}"));
    }

    private void AbortOverdue() => Abort(State == State.Reloading
        ? $"it has not been ready again {Seconds(_options.StartTimeout)} after its reboot began"
        : $"it has not been ready within {Seconds(_options.StartTimeout)}");

    // SIGABRT first, because that leaves a core to look into.
    private void Abort(string? why)
    {
        Child main = _main!;
        _abortedUnready = State != State.Ready;
        Log(LogLevel.Error, $"The server, PID {main.Pid}, is killed and started again, because {why ?? "it has asked for it"}.");
        AnswerAll(_rebootCalls, false, $"The server is killed and started again, because {why}.");
        _system.SendSignal(main.Pid, SigAbrt);
        Enter(State.Aborting, _options.AbortTimeout);
    }

    // A process that is stopped dies of SIGKILL only. Its end comes as an event, whatever the state is then.
    private void Kill(string? why)
    {
        Child main = _main!;
        Warn($"SIGKILL for the server, PID {main.Pid}{(why is null ? ", which has not ended in time" : ", because " + why)}.");
        _system.SendSignal(main.Pid, SigKill);
        KillGroups(main);
    }

    private void KillRetired()
    {
        foreach (Child old in _retiring)
        {
            Warn($"SIGKILL for the old server, PID {old.Pid}, which has not ended in time.");
            _system.SendSignal(old.Pid, SigKill);
            KillGroups(old);
        }
    }

    private void FollowMainPid(int pid)
    {
        Child main = _main!;
        if (pid == main.Pid)
            return;
        if (!_system.IsDescendant(pid))
        {
            Warn($"The server, PID {main.Pid}, has named PID {pid} as its new main process (MAINPID=). That is ignored, because it did not start that process.");
            return;
        }

        Log($"The server's main process is now PID {pid}, formerly {main.Pid}.");
        main.Pid = pid;
        main.IsFromMainPid = true;
        int group = _system.GroupOf(pid);
        main.Groups.RemoveAll(g => !_system.GroupExists(g));
        if (group > 1 && group != Environment.ProcessId && !main.Groups.Contains(group))
            main.Groups.Add(group);
        _system.WatchExit(pid);
    }
}

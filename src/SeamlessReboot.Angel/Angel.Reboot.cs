using Microsoft.Extensions.Logging;
using SeamlessReboot.Angel.Children;
using SeamlessReboot.Angel.Control;
using SeamlessReboot.Angel.Loop;
using SeamlessReboot.Angel.Posix;

namespace SeamlessReboot.Angel;

// The reboot of the server: it reboots itself, or the next one is started beside it.
internal sealed partial class Angel
{
    private static readonly TimeSpan _fallbackCheckpointTimeout = TimeSpan.FromSeconds(5);

    private int? _reloadedFrom;
    private bool _rebootDeferred;

    private void BeginReloading()
    {
        Log("The server is rebooting.");
        _reloadedFrom = _main!.Seamless?.Generation;
        Enter(State.Reloading, _options.StartTimeout);
    }

    private void Reboot(ControlCall? call)
    {
        JoinReboot(call);
        Child main = _main!;
        if (main.IsFallback && main.Seamless is { } fallback)
            ReplaceFallback(main, fallback);
        else if (main.Seamless is { RebootSignal: int signal })
            SendRebootSignal(main, signal);
        else if (main.Seamless is not null)
            RefuseReboot("The server is seamless, but has no signal that asks it for a reboot. Set RebooterOptions.RebootSignals, or ask the server itself.");
        else
            RollOver();
    }

    // The starting server may have read its files before the deploy that this request is for. So the request is kept.
    private void DeferReboot(ControlCall? call)
    {
        Log("The server is still starting; it will be rebooted when it is ready.");
        _rebootDeferred = true;
        if (call is not null)
            _deferredRebootCalls.Add(call);
    }

    private void RunDeferredReboot()
    {
        if (!_rebootDeferred)
            return;
        _rebootDeferred = false;
        ControlCall[] calls = [.. _deferredRebootCalls];
        _deferredRebootCalls.Clear();
        Handle(Event.RebootRequested);
        foreach (ControlCall call in calls)
            Handle(Event.RebootRequested, new EventDetails(Call: call));
    }

    private void JoinReboot(ControlCall? call)
    {
        if (call is not null)
            _rebootCalls.Add(call);
    }

    private void SendRebootSignal(Child main, int signal)
    {
        _releases.ReturnToMain();
        Log($"The server, PID {main.Pid}, is asked to reboot, by {SignalName.Of(signal)}.");
        _reloadedFrom = main.Seamless?.Generation;
        _system.SendSignal(main.Pid, signal);
        Enter(State.Reloading, _options.StartTimeout);
    }

    private void RefuseReboot(string why)
    {
        Warn(why);
        AnswerAll(_rebootCalls, false, why);
    }

    // A reboot of its own would start the fallback again, and on SIGTERM it would close every connection. So it is
    // killed like one that hangs, after a checkpoint if it can be asked for one.
    private void ReplaceFallback(Child main, SeamlessServer seamless)
    {
        Log($"The command is tried again: the fallback, PID {main.Pid}, is killed {(seamless.CheckpointSignal is null ? "now" : "after a checkpoint")}; its connections are kept.");
        _releases.ReturnToMain();
        _tally.Clear();
        _replacing = true;
        bool asked = seamless.CheckpointSignal is int signal && _system.SendSignal(main.Pid, signal);
        Enter(State.Aborting, asked ? _fallbackCheckpointTimeout : TimeSpan.Zero);
    }

    private void KillReplacedFallback()
    {
        if (_replacing)
            Kill("its checkpoint is done");
    }

    private void RollOver()
    {
        _releases.ReturnToMain();
        if (TrySpawn(_releases.Main, fallback: false) is not Child next)
            return;
        _next = next;
        Log($"The next server has been started beside PID {_main!.Pid}, as PID {next.Pid}: {_command}");
        Enter(State.RollingOver, _options.StartTimeout);
        _alarms.Clear(Alarm.Probe); // the answer could come from either server
        WatchForReadiness(next);
    }

    private void CompleteRollover()
    {
        Child old = _main!;
        _main = _next;
        _next = null;
        Retire(old);
        BecomeReady();
    }

    private void Retire(Child old)
    {
        Log($"The old server, PID {old.Pid}, is told to end.");
        _retiring.Add(old);
        _system.SendSignal(old.Pid, SigTerm);
        _system.SendSignal(old.Pid, SigCont);
        _alarms.Set(Alarm.Retire, _options.StopTimeout);
    }

    private void CallOffRollover(ExitStatus status)
    {
        Child next = _next!;
        _next = null;
        bool died = status != default;
        string sentence = died
            ? $"The next server, PID {next.Pid}, has died before it was ready: {status}. The old one, PID {_main!.Pid}, goes on serving."
            : $"The next server, PID {next.Pid}, has not been ready within {Seconds(_options.StartTimeout)} and is killed. The old one, PID {_main!.Pid}, goes on serving.";
        if (!died)
        {
            _system.SendSignal(next.Pid, SigKill);
            KillGroups(next);
        }

        Log(LogLevel.Error, sentence + QuoteLastWords());
        AnswerAll(_rebootCalls, false, sentence);
        _releases.OnFallback = _main.IsFallback;
        Enter(State.Ready);
        if (_options.Probe is not null)
            _alarms.Set(Alarm.Probe, _options.ProbeInterval);
    }

    private void PromoteNext(ExitStatus status)
    {
        Warn($"The old server, PID {_main!.Pid}, has died before the next one was ready: {status}. PID {_next!.Pid} takes over.");
        _main = _next;
        _next = null;
        TimeSpan left = _alarms.Remaining(Alarm.State) ?? _options.StartTimeout;
        TimeSpan? delay = _alarms.Remaining(Alarm.StartDelay);
        Enter(State.Starting, left);
        if (delay is TimeSpan rest)
            _alarms.Set(Alarm.StartDelay, rest);
    }

    private void StartNow(ControlCall? call)
    {
        JoinReboot(call);
        Log("The command is tried again at once, as requested.");
        _releases.ReturnToMain();
        _tally.Clear();
        StartAgain();
    }
}

using SeamlessReboot.Angel.Control;
using SeamlessReboot.Angel.Loop;

namespace SeamlessReboot.Angel;

// Requests: by signals to the angel, and over the control socket.
internal sealed partial class Angel
{
    private static readonly TimeSpan _checkpointTimeout = TimeSpan.FromSeconds(30);

    /// <summary>A signal to the angel.</summary>
    internal void OnSignal(int signal)
    {
        const int Int = 2, Quit = 3, Usr1 = 10, Usr2 = 12;
        switch (signal)
        {
            case SigHup: Handle(Event.RebootRequested); break;
            case SigTerm or Int or Quit: Handle(Event.StopRequested, new EventDetails(Number: signal)); break;
            case Usr1: Handle(Event.ReportRequested); break;
            case Usr2: Handle(Event.SelfRebootRequested); break;
            default: break;
        }
    }

    /// <summary>A request from the control socket.</summary>
    internal void OnCall(ControlCall call)
    {
        switch (call.Verb)
        {
            case "status": call.Answer(Status()); break;
            case "reboot": Handle(Event.RebootRequested, new EventDetails(Call: call)); break;
            case "checkpoint": Handle(Event.CheckpointRequested, new EventDetails(Call: call)); break;
            case "stop": Handle(Event.StopRequested, new EventDetails(Number: SigTerm, Call: call)); break;
            case "kill" when SignalName.Parse(call.Argument) is int signal: Handle(Event.SignalRequested, new EventDetails(Number: signal, Call: call)); break;
            case "kill": call.Answer(false, $"'{call.Argument}' is not a signal. Give a name, such as TERM, or a number."); break;
            default: call.Answer(false, $"'{call.Verb}' is not a request. The requests are status, reboot, checkpoint, stop and kill SIGNAL."); break;
        }
    }

    internal AngelStatus Status() => new()
    {
        State = State,
        AngelPid = Environment.ProcessId,
        ChildPid = _main?.Pid,
        Since = _main?.Since,
        RunsForSeconds = _main is null ? null : _time.GetElapsedTime(_main.Started).TotalSeconds,
        Restarts = _restarts,
        DeathsOfLate = [.. _tally.Recent.Select(d => d.When)],
        FdsHeld = _store.Count,
        LastWords = _system.LastWords,
        Command = _options.Command,
        Release = _main?.IsFallback ?? _releases.OnFallback ? "fallback" : "main",
        Running = _main?.Release.Command,
        Generation = _main?.Seamless?.Generation,
        Spool = _main?.Seamless?.Spool,
        StatusText = _main?.StatusText,
        LastEnd = _lastEnd,
        Listening = [.. _host.Listeners.Select(l => l.Uri)],
        Refused = _refused,
        SelfReboots = SelfReboots,
    };

    /// <summary>How often the angel has rebooted itself.</summary>
    internal int SelfReboots { get; set; }

    private void LogStatus()
    {
        Log("Status: " + ControlJson.Line(Status()));
        _tally.Clear();
        _releases.FailedStarts = 0;
        Log("The counters of deaths and failed starts are back to zero.");
    }

    private void Refuse(ControlCall? call)
    {
        string why = State switch
        {
            State.Starting => "The server is still starting. Wait until it is ready, or stop it.",
            State.Aborting => "The server is being killed and started again. Wait until it is ready.",
            State.Leaving => "The server is about to end.",
            State.Stopping => "The server has been told to end.",
            State.Waiting => "The server is not running, and is going to be started again later. Ask for a reboot to start it now.",
            State.Ended => "The angel is about to end.",
            _ => $"That is not possible while the server is {State}.",
        };
        Warn("A request was refused. " + why);
        call?.Answer(false, why);
    }

    private void Checkpoint(ControlCall? call)
    {
        if (_main!.Seamless is { CheckpointSignal: int signal } && _system.SendSignal(_main.Pid, signal))
        {
            if (call is not null)
                _checkpointCalls.Add(call);
            _alarms.Set(Alarm.Checkpoint, _checkpointTimeout);
        }
        else
        {
            call?.Answer(false, _main.Seamless is null
                ? "The server is not seamless: there is nothing to make a checkpoint of."
                : "The server has no signal that asks it for a checkpoint. Set RebooterOptions.CheckpointSignals.");
        }
    }

    private void AnswerCheckpoint(int written)
    {
        _alarms.Clear(Alarm.Checkpoint);
        AnswerAll(_checkpointCalls, written != 0, written != 0
            ? $"The checkpoint is written. {_main!.StatusText}"
            : "The checkpoint could not be written; the previous one stays valid. The server's log says why.");
    }

    private void SendSignal(int signal, ControlCall? call)
    {
        int pid = _main!.Pid;
        bool sent = _system.SendSignal(pid, signal);
        Log($"{SignalName.Of(signal)} for the server, PID {pid}, as requested.");
        call?.Answer(sent, sent ? $"{SignalName.Of(signal)} has been sent to PID {pid}." : $"PID {pid} is gone already.");
    }
}

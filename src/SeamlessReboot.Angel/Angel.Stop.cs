using SeamlessReboot.Angel.Control;
using SeamlessReboot.Angel.Posix;

namespace SeamlessReboot.Angel;

// The requested end.
internal sealed partial class Angel
{
    private void BeginLeaving()
    {
        Log($"The server, PID {_main!.Pid}, is about to end (STOPPING=1).");
        Enter(State.Leaving, _options.StopTimeout);
    }

    private void Stop(int signal, ControlCall? call)
    {
        JoinStop(call);
        if (_next is not null)
        {
            KillGroups(_next);
            _retiring.Add(_next);
            _next = null;
        }

        AnswerAll(_rebootCalls, false, "The server is told to end.");
        Log($"{SignalName.Of(signal)} for the server, PID {_main!.Pid}; the angel ends with it.");
        _system.SendSignal(_main.Pid, signal);
        _system.SendSignal(_main.Pid, SigCont); // a stopped process would not handle the signal
        Enter(State.Stopping, _options.StopTimeout);
    }

    private void StopAborting(ControlCall? call)
    {
        JoinStop(call);
        TimeSpan left = _alarms.Remaining(Loop.Alarm.State) ?? TimeSpan.Zero;
        Enter(State.Stopping, left);
    }

    private void RepeatSignal(int signal, ControlCall? call)
    {
        JoinStop(call);
        _system.SendSignal(_main!.Pid, signal);
    }

    private void EndAfterStop(ExitStatus status)
    {
        int pid = _main!.Pid;
        _main = null;
        string sentence = $"The server, PID {pid}, has ended as requested: {status}.";
        Log(sentence);
        End(status.ShellCode, sentence);
    }

    private void EndNow(ControlCall? call)
    {
        JoinStop(call);
        End(_lastCode, "There was no server to stop; the angel ends.");
    }

    private void JoinStop(ControlCall? call)
    {
        if (call is not null)
            _stopCalls.Add(call);
    }
}

using Microsoft.Extensions.Logging;
using SeamlessReboot.Angel.Children;
using SeamlessReboot.Angel.Loop;
using SeamlessReboot.Angel.Posix;

namespace SeamlessReboot.Angel;

// The exit of a server: a restart, or the end of the angel.
internal sealed partial class Angel
{
    private const int MostReapedAtOnce = 256;
    private string? _lastEnd;
    private int _lastCode;
    private bool _abortedUnready, _replacing;

    /// <summary>Reaps the processes that have ended. Before the exit of a server is acted on, everything that it has sent is read.</summary>
    /// <returns>False when there may be more.</returns>
    internal bool ReapExited()
    {
        for (int i = 0; i < MostReapedAtOnce; i++)
        {
            if (_system.NextExited() is not int pid)
                return true;
            if (IsServer(pid))
                _system.ReadNotifications(); // it may have named a new main process, or said STOPPING=1
            if (FindChild(pid) is Child child)
                KillGroups(child); // before it is reaped: until then its number is its own
            if (_system.Reap(pid) is ExitStatus status)
                OnExited(pid, status);
        }

        return false;
    }

    /// <summary>A process that is not the angel's own child has ended.</summary>
    internal void OnMainPidExited(int pid)
    {
        if (FindChild(pid) is not Child child || !_system.HasExited(pid))
            return;
        _system.ReadNotifications();
        ReapExited(); // if it has become our child, this tells how it ended
        if (FindChild(pid) != child)
            return;
        KillGroups(child);
        OnExited(pid, ExitStatus.Unknown);
    }

    private bool IsServer(int pid) => FindChild(pid) is not null;

    private Child? FindChild(int pid) =>
        pid == _main?.Pid ? _main : pid == _next?.Pid ? _next : _retiring.Find(c => c.Pid == pid);

    private void OnExited(int pid, ExitStatus status)
    {
        if (pid == _next?.Pid)
        {
            Handle(Event.NextExited, new EventDetails(status));
        }
        else if (pid == _main?.Pid)
        {
            _lastEnd = $"PID {pid}: {status}";
            _lastCode = status.ShellCode;
            Handle(Event.MainExited, new EventDetails(status));
        }
        else if (_retiring.RemoveAll(c => c.Pid == pid) > 0)
        {
            Log($"The old server, PID {pid}, is gone: {status}.");
            if (_retiring.Count > 0)
                return;
            _alarms.Clear(Alarm.Retire);
            if (_endsUnnamedLater && _main is not null)
                EndUnnamed();
        }
        else if (!_system.HandleSelfCheckExit(pid, status))
        {
            Handle(Event.OrphanExited, new EventDetails(status, pid));
        }
    }

    private void KillGroups(Child child)
    {
        foreach (int group in child.Groups)
            _system.KillGroup(group, isUnreaped: group == child.Pid);
        if (child == _main)
            _leftover = child.Groups.Count > 0 ? child.Groups[^1] : 0;
    }

    private void RestartAfterFailedStart(ExitStatus status) => RestartAfterDeath(status, wasReady: _main!.WasReady, "before it was ready");

    private void RestartAfterFailedReload(ExitStatus status) => RestartAfterDeath(status, wasReady: false, "in its reboot, before it was ready again");

    private void RestartOrEnd(ExitStatus status)
    {
        if (status.IsSuccess && _options.Restart != RestartPolicy.Always)
            EndInOrder();
        else
            RestartAfterDeath(status, wasReady: true, "");
    }

    private void RestartAfterAbort(ExitStatus status)
    {
        if (_replacing)
        {
            _replacing = false;
            Log("The fallback has ended; the command is tried again.");
            _main = null;
            Enter(State.Waiting, TimeSpan.Zero);
            return;
        }

        RestartAfterDeath(status, wasReady: !_abortedUnready, "by the angel's signal");
    }

    private void RestartOrEndAfterLeaving(ExitStatus status)
    {
        if (status.IsSuccess && _main!.WasReady && _options.Restart != RestartPolicy.Always)
            EndInOrder();
        else
            RestartAfterDeath(status, wasReady: _main!.WasReady, "after it had announced its end (STOPPING=1)");
    }

    private void EndInOrder()
    {
        int pid = _main!.Pid;
        _main = null;
        Log($"The server, PID {pid}, has ended in order.");
        End(0, "The server has ended in order.");
    }

    private void RestartAfterDeath(ExitStatus status, bool wasReady, string when)
    {
        int pid = _main!.Pid;
        bool fallback = _main.IsFallback;
        if (_main.ReadySince is long since)
            _tally.Forgive(_time.GetElapsedTime(since));
        _main = null;
        string sentence = $"The {(fallback ? "fallback" : "server")}, PID {pid}, has died{(when.Length > 0 ? " " + when : "")}: {status}.";
        Log(LogLevel.Error, sentence + QuoteLastWords());
        AnswerAll(_rebootCalls, false, sentence);
        StartAgainOrGiveUp(wasReady, sentence);
    }

    private string QuoteLastWords()
    {
        IReadOnlyList<string> words = _system.LastWords;
        return words.Count == 0 ? "" : " Its last words:\n    " + string.Join("\n    ", words);
    }

    /// <summary>There is no server: another start, soon or later, of this release or of another; or the end.</summary>
    private void StartAgainOrGiveUp(bool wasReady, string sentence)
    {
        _main = null;
        _tally.Add();
        bool turned = !wasReady && _releases.CountFailedStart();
        if (turned)
        {
            Log(LogLevel.Error, $"The command has failed to become ready {_releases.FailedStarts} times in a row. "
                + $"The fallback is started in its place, with the same connections: {_releases.Next}. To try the command again, ask for a reboot.");
            _tally.Clear();
        }
        else if (_options.Restart == RestartPolicy.Never)
        {
            End(_lastCode, sentence);
            return;
        }
        else if (_options.Daemon && !_wasEverReady && !_releases.HasFallback)
        {
            End(_lastCode == 0 ? ExitCodes.NotReady : _lastCode, sentence); // "run --daemon" waits for this start and reports it
            return;
        }
        else if (_tally.IsLimitReached)
        {
            GiveUp();
            return;
        }

        TimeSpan wait = turned ? TimeSpan.Zero : _tally.NextDelay();
        if (wait > TimeSpan.Zero)
            Log($"It will be started again in {Seconds(wait)}.");
        Enter(State.Waiting, wait);
    }

    private void GiveUp()
    {
        string sentence = $"The server has died {_tally.Recent.Count} times within {Seconds(_options.DeathWindow)}; the angel gives up. "
            + $"Its last exit: {_lastEnd}. Find out why, then start the angel again.";
        Log(LogLevel.Critical, sentence + QuoteLastWords());
        End(ExitCodes.GaveUp, sentence);
    }

    private void End(int code, string sentence)
    {
        foreach (Child? child in (Child?[])[_main, _next, .. _retiring])
            if (child is not null)
                KillGroups(child);
        _main = _next = null;
        Enter(State.Ended);
        ExitCode = code;
        AnswerAll(_rebootCalls, false, sentence);
        AnswerAll(_stopCalls, true, sentence);
        string words = string.Join('\n', _system.LastWords);
        if (!_wasEverReady)
            TryTell(() => _host.WhenFailed(code, words.Length == 0 ? sentence : sentence + "\n" + words));
        Log($"The angel exits with code {code}.");
    }
}

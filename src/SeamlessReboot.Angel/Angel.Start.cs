using Microsoft.Extensions.Logging;
using SeamlessReboot.Angel.Children;
using SeamlessReboot.Angel.Loop;

namespace SeamlessReboot.Angel;

// From nothing to a server that is ready.
internal sealed partial class Angel
{
    private bool _wasEverReady, _wasEverStarted, _notifies;
    private int _restarts, _leftover;
    private bool _waitsForLeftover, _endsUnnamedLater;

    private void StartMain()
    {
        _waitsForLeftover = false;
        bool fallback = _releases.OnFallback;
        if (TrySpawn(_releases.Next, fallback) is not Child child)
            return;
        if (_wasEverStarted)
            _restarts++;
        _wasEverStarted = true;
        _endsUnnamedLater = false;
        _main = child;
        _rebootDeferred = false; // it is started from what is there now
        AnswerAll(_deferredRebootCalls, true, "The server died and was started again.");
        Log($"{(fallback ? "The fallback" : "The server")} has been started as PID {child.Pid}: {_command}");
        Enter(State.Starting, _options.StartTimeout);
        WatchForReadiness(child);
    }

    private Child? TrySpawn(Release release, bool fallback)
    {
        _command = release;
        try
        {
            if (_releases.Check(release) is StartFailureException failure)
                throw failure;
            _system.PrepareStart();
            Release? real = fallback ? null : _releases.ResolveMain();
            int pid = _system.Start(release);
            return new Child
            {
                Pid = pid,
                Groups = [pid],
                Release = release,
                Real = real,
                IsFallback = fallback,
                Since = _time.GetUtcNow(),
                Started = _time.GetTimestamp(),
                Watchdog = _options.Watchdog,
            };
        }
        catch (StartFailureException e)
        {
            CannotStart(e);
            return null;
        }
    }

    private void CannotStart(StartFailureException failure)
    {
        if (State == State.Ready)
        {
            Warn($"The new server could not be started. {failure.Message} The old one goes on serving.");
            AnswerAll(_rebootCalls, false, failure.Message);
            return;
        }

        Log(LogLevel.Error, $"The server could not be started. {failure.Message}");
        if (!_wasEverStarted && !_releases.HasFallback)
        {
            End(failure.Code, failure.Message);
            return;
        }

        _lastEnd = failure.Message;
        AnswerAll(_rebootCalls, false, failure.Message);
        StartAgainOrGiveUp(wasReady: false, failure.Message);
    }

    /// <summary>What will tell that the child is ready.</summary>
    private void WatchForReadiness(Child child)
    {
        if (_options.LookFor is not null && _options.LookIn is not null)
            _system.LookForLine(child.Pid);
        else if (!WillNotify(child))
            _alarms.Set(Alarm.StartDelay, _options.StartDelay);
    }

    // Without --notify: once one server has notified, all are expected to.
    private bool WillNotify(Child child) => _options.Notifies ?? (_notifies || child.HasNotified);

    /// <summary>A server that does not notify has lived for so long.</summary>
    internal void OnStartDelayOver()
    {
        Child? child = _next ?? _main;
        if (child is null || WillNotify(child))
            return; // it has spoken since, and will say when it is ready
        Handle(child == _next ? Event.NextReady : Event.MainPresumedReady);
    }

    /// <summary>The line that means readiness has come.</summary>
    internal void OnLineFound(int pid)
    {
        if (pid == _next?.Pid)
            Handle(Event.NextReady);
        else if (pid == _main?.Pid)
            Handle(Event.MainPresumedReady);
    }

    private void BecomeReady()
    {
        Child main = _main!;
        bool again = State is State.Reloading or State.RollingOver;
        bool isFirst = !main.WasReady; // after a reboot of its own it has every connection by another road
        main.ReadySince ??= _time.GetTimestamp();
        _releases.BecameReady();
        bool calledOff = State == State.Reloading && main.Seamless is not null && main.Seamless.Generation == _reloadedFrom;
        // After a reboot that was called off it is still what it was; after another it is what lies under the names of its start now.
        if (State == State.Reloading && !main.IsFallback && !calledOff)
            main.Real = _releases.ResolveMain();
        if (isFirst && main.Seamless is not { ReadsNames: true })
            EndUnnamed();
        Enter(State.Ready);
        _alarms.Set(Alarm.Stable, _options.StableAfter);
        ResetWatchdog();
        _probeFaults = 0;
        if (_options.Probe is not null)
            _alarms.Set(Alarm.Probe, _options.ProbeInterval);
        string sentence = $"The server is ready{(again ? " again" : "")}, as PID {main.Pid}"
            + (main.Seamless is { } seamless ? $", generation {seamless.Generation}." : ".")
            + (calledOff ? " It called its reboot off and serves as before. Its log says why; \"status\" shows the end of it." : "");
        Log(calledOff ? LogLevel.Warning : LogLevel.Information, sentence);
        AnswerAll(_rebootCalls, !calledOff, sentence);
        if (!_wasEverReady)
        {
            _wasEverReady = true;
            TryTell(() => _host.WhenReady(sentence));
        }

        RunDeferredReboot();
    }

    // A server that has been replaced may still serve them: then it is done when that has ended.
    private void EndUnnamed()
    {
        _endsUnnamedLater = _retiring.Count > 0;
        if (!_endsUnnamedLater && _system.EndUnnamed() is > 0 and int ended)
            Log(LogLevel.Error, $"{ended} stored connections were closed, because the server, PID {_main!.Pid}, cannot know them: the names of all do not fit into LISTEN_FDNAMES, "
                + "which takes 128 KiB, and only a server with SeamlessReboot reads the others. Give them shorter names, or store fewer.");
    }

    private void BecomeStable()
    {
        _tally.ResetConsecutive();
        if (_main!.Real is Release good)
            _releases.Good = good;
    }

    private void StartAgain()
    {
        if (_leftover != 0 && !_waitsForLeftover && _system.KillGroup(_leftover, isUnreaped: false))
        {
            // Killed, and not gone yet: it may hold the port for another moment. SIGCHLD tells when it is.
            _waitsForLeftover = true;
            _alarms.Set(Alarm.State, TimeSpan.FromSeconds(1));
            return;
        }

        _leftover = 0;
        StartMain();
    }

    private void StartIfGroupGone()
    {
        if (_waitsForLeftover && !_system.KillGroup(_leftover, isUnreaped: false))
            StartAgain();
    }

    // A failure to notify the starter must not disturb the server.
    private void TryTell(Action tell)
    {
        try
        {
            tell();
        }
#pragma warning disable CA1031 // the angel survives whatever the callback throws
        catch (Exception e)
#pragma warning restore CA1031
        {
            Warn($"The process that started the angel could not be notified: {e.Message}");
        }
    }
}

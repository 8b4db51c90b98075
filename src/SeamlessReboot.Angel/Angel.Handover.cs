using SeamlessReboot.Angel.Children;
using SeamlessReboot.Angel.Loop;
using SeamlessReboot.Angel.SelfReboot;

namespace SeamlessReboot.Angel;

// The angel's state, written for the next angel and read from the previous one.
internal sealed partial class Angel
{
    internal Handover CreateHandover() => new()
    {
        State = State,
        Alarms = Enum.GetValues<Alarm>().Where(_alarms.IsSet).ToDictionary(a => a.ToString(), a => _alarms.Remaining(a)!.Value.TotalSeconds),
        Main = ToHandover(_main),
        Next = ToHandover(_next),
        Retiring = [.. _retiring.Select(c => ToHandover(c)!)],
        Deaths = [.. _tally.Recent.Select(d => d.When)],
        DeathTimestamps = [.. _tally.Recent.Select(d => d.Timestamp)],
        DeathsInARow = (int)Math.Ceiling(_tally.Consecutive),
        OnFallback = _releases.OnFallback,
        FailedStarts = _releases.FailedStarts,
        Good = ToHandover(_releases.Good),
        WasEverReady = _wasEverReady,
        WasEverStarted = _wasEverStarted,
        Notifies = _notifies,
        Restarts = _restarts,
        Leftover = _leftover,
        WaitsForLeftover = _waitsForLeftover,
        LastEnd = _lastEnd,
        LastCode = _lastCode,
        AbortedUnready = _abortedUnready,
        Replacing = _replacing,
        RebootsLater = _rebootDeferred,
        ReloadedFrom = _reloadedFrom,
        ProbeFaults = _probeFaults,
        Refused = _refused,
        SelfReboots = SelfReboots + 1,
    };

    internal void Resume(Handover handover)
    {
        State = handover.State;
        _main = FromHandover(handover.Main);
        _next = FromHandover(handover.Next);
        _retiring.AddRange(handover.Retiring.Select(c => FromHandover(c)!));
        foreach ((DateTimeOffset when, long timestamp) in handover.Deaths.Zip(handover.DeathTimestamps))
            _tally.Add(new Death(timestamp, when));
        _tally.Consecutive = handover.DeathsInARow;
        _releases.OnFallback = handover.OnFallback;
        _releases.FailedStarts = handover.FailedStarts;
        _releases.Good = FromHandover(handover.Good);
        (_wasEverReady, _wasEverStarted, _notifies) = (handover.WasEverReady, handover.WasEverStarted, handover.Notifies);
        (_restarts, _leftover, _waitsForLeftover) = (handover.Restarts, handover.Leftover, handover.WaitsForLeftover);
        (_lastEnd, _lastCode, _abortedUnready, _replacing) = (handover.LastEnd, handover.LastCode, handover.AbortedUnready, handover.Replacing);
        _rebootDeferred = handover.RebootsLater;
        (_reloadedFrom, _probeFaults, _refused, SelfReboots) = (handover.ReloadedFrom, handover.ProbeFaults, handover.Refused, handover.SelfReboots);
        _refusedLogged = _refused;
        foreach ((string name, double seconds) in handover.Alarms)
            if (Enum.TryParse(name, out Alarm alarm))
                _alarms.Set(alarm, TimeSpan.FromSeconds(seconds));
        if (State == State.Ready && _options.Probe is not null && !_alarms.IsSet(Alarm.Probe))
            _alarms.Set(Alarm.Probe, _options.ProbeInterval); // one was under way
        Child? starting = _next ?? (State == State.Starting ? _main : null);
        if (starting is not null && _options.LookFor is not null)
        {
            _system.PrepareStart();
            _system.LookForLine(starting.Pid);
        }

        foreach (Child? child in (Child?[])[_main, _next])
            if (child is { IsFromMainPid: true })
                _system.WatchExit(child.Pid);
    }

    private static HandedChild? ToHandover(Child? child) => child is null ? null
        : new HandedChild(child.Pid, child.Groups, ToHandover(child.Release)!, ToHandover(child.Real), child.IsFallback, child.Since, child.HasNotified, child.WasReady,
            child.StatusText, child.Watchdog, child.Seamless, child.IsFromMainPid, child.Started, child.ReadySince);

    private static HandedRelease? ToHandover(Release? release) => release is null ? null : new HandedRelease(release.Command, release.Directory);

    private Child? FromHandover(HandedChild? child) => child is null ? null : new Child
    {
        Pid = child.Pid,
        Groups = [.. child.Groups],
        Release = FromHandover(child.Release)!,
        Real = FromHandover(child.Real),
        IsFallback = child.IsFallback,
        Since = child.Since,
        HasNotified = child.Spoke,
        Started = child.Started ?? _time.GetTimestamp(),
        ReadySince = child.WasReady ? child.ReadySince ?? _time.GetTimestamp() : null,
        StatusText = child.StatusText,
        Watchdog = child.Watchdog,
        Seamless = child.Seamless,
        IsFromMainPid = child.IsHeir,
    };

    private static Release? FromHandover(HandedRelease? release) => release is null ? null : new Release(release.Command, release.Directory);
}

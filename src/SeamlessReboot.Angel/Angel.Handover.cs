using SeamlessReboot.Angel.Children;
using SeamlessReboot.Angel.Loop;
using SeamlessReboot.Angel.SelfReboot;

namespace SeamlessReboot.Angel;

// What the angel knows, for the next one, and from the one before.
internal sealed partial class Angel
{
    internal Handover Leave() => new()
    {
        State = State,
        Alarms = Enum.GetValues<Alarm>().Where(_alarms.IsSet).ToDictionary(a => a.ToString(), a => _alarms.Remaining(a)!.Value.TotalSeconds),
        Main = Hand(_main),
        Next = Hand(_next),
        Retiring = [.. _retiring.Select(c => Hand(c)!)],
        Deaths = [.. _tally.Recent],
        DeathsInARow = _tally.Consecutive,
        OnFallback = _releases.OnFallback,
        FailedStarts = _releases.FailedStarts,
        Good = Hand(_releases.Good),
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
        RebootsLater = _rebootsLater,
        ReloadedFrom = _reloadedFrom,
        ProbeFaults = _probeFaults,
        Refused = _refused,
        SelfReboots = SelfReboots + 1,
    };

    internal void Continue(Handover from)
    {
        State = from.State;
        _main = Take(from.Main);
        _next = Take(from.Next);
        _retiring.AddRange(from.Retiring.Select(c => Take(c)!));
        foreach (DateTimeOffset death in from.Deaths)
            _tally.Add(death);
        _tally.Consecutive = from.DeathsInARow;
        _releases.OnFallback = from.OnFallback;
        _releases.FailedStarts = from.FailedStarts;
        _releases.Good = Take(from.Good);
        (_wasEverReady, _wasEverStarted, _notifies) = (from.WasEverReady, from.WasEverStarted, from.Notifies);
        (_restarts, _leftover, _waitsForLeftover) = (from.Restarts, from.Leftover, from.WaitsForLeftover);
        (_lastEnd, _lastCode, _abortedUnready, _replacing) = (from.LastEnd, from.LastCode, from.AbortedUnready, from.Replacing);
        _rebootsLater = from.RebootsLater;
        (_reloadedFrom, _probeFaults, _refused, SelfReboots) = (from.ReloadedFrom, from.ProbeFaults, from.Refused, from.SelfReboots);
        _refusedSaid = _refused;
        foreach ((string name, double seconds) in from.Alarms)
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

        foreach (Child? heir in (Child?[])[_main, _next])
            if (heir is { IsHeir: true })
                _system.WatchExit(heir.Pid);
    }

    private static HandedChild? Hand(Child? child) => child is null ? null
        : new HandedChild(child.Pid, child.Groups, Hand(child.Release)!, Hand(child.Real), child.IsFallback, child.Since, child.HasNotified, child.WasReady,
            child.StatusText, child.Watchdog, child.Seamless, child.IsHeir);

    private static HandedRelease? Hand(Release? release) => release is null ? null : new HandedRelease(release.Command, release.Directory);

    private static Child? Take(HandedChild? child) => child is null ? null : new Child
    {
        Pid = child.Pid,
        Groups = [.. child.Groups],
        Release = Take(child.Release)!,
        Real = Take(child.Real),
        IsFallback = child.IsFallback,
        Since = child.Since,
        HasNotified = child.Spoke,
        WasReady = child.WasReady,
        StatusText = child.StatusText,
        Watchdog = child.Watchdog,
        Seamless = child.Seamless,
        IsHeir = child.IsHeir,
    };

    private static Release? Take(HandedRelease? release) => release is null ? null : new Release(release.Command, release.Directory);
}

namespace SeamlessReboot.Angel.Loop;

/// <summary>
/// Notices that this process has not run for a while: a container was paused, a laptop slept, somebody sent SIGSTOP. As long as a time limit
/// is set, the loop turns once in a period at least; a turn that comes much later than that could not come earlier.
/// </summary>
internal sealed class FreezeWatch(Alarms alarms, TimeProvider time)
{
    private static readonly TimeSpan _longest = TimeSpan.FromSeconds(1), _shortest = TimeSpan.FromMilliseconds(20);
    private long _turned = time.GetTimestamp();
    private TimeSpan? _period;

    /// <summary>At the beginning of a turn, before anything is handled.</summary>
    /// <returns>How long this process has not run; null when it has.</returns>
    internal TimeSpan? Turn()
    {
        TimeSpan since = time.GetElapsedTime(_turned);
        _turned = time.GetTimestamp();
        return _period is TimeSpan period && since > period * 3 ? since : null; // late by two periods: a busy machine is not a frozen one
    }

    /// <summary>At the end of a turn.</summary>
    /// <param name="watchdog">How long the server may be silent; null when nobody listens for it.</param>
    internal void Arm(TimeSpan? watchdog)
    {
        _period = !alarms.AreLimitsSet ? null
            : watchdog is TimeSpan limit && limit / 8 < _longest ? limit / 8 > _shortest ? limit / 8 : _shortest
            : _longest;
        if (_period is TimeSpan period)
            alarms.Set(Alarm.Pulse, period);
        else
            alarms.Clear(Alarm.Pulse);
    }
}

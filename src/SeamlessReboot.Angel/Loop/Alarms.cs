namespace SeamlessReboot.Angel.Loop;

/// <summary>
/// Every time limit there is, on one timer. Setting one that moves into the future, as each heartbeat does, costs no system call:
/// the timer then comes early once, and is set anew.
/// </summary>
internal sealed class Alarms : IDisposable
{
    private static readonly int _kinds = Enum.GetValues<Alarm>().Length;
    private readonly TimeProvider _time;
    private readonly ITimer _timer;
    private readonly long?[] _due = new long?[_kinds];
    private long _timerDue = long.MaxValue;

    internal Alarms(TimeProvider time, Action wake)
    {
        _time = time;
        _timer = time.CreateTimer(_ => wake(), null, Timeout.InfiniteTimeSpan, Timeout.InfiniteTimeSpan);
    }

    internal void Set(Alarm alarm, TimeSpan after)
    {
        long due = _time.GetTimestamp() + (long)(Math.Max(0, after.TotalSeconds) * _time.TimestampFrequency);
        _due[(int)alarm] = due;
        if (due < _timerDue)
            Arm(due);
    }

    internal void Clear(Alarm alarm) => _due[(int)alarm] = null;

    internal bool IsSet(Alarm alarm) => _due[(int)alarm] is not null;

    /// <summary>Not before this; an alarm that is not set stays so.</summary>
    internal void Extend(Alarm alarm, TimeSpan atLeast)
    {
        if (Remaining(alarm) is TimeSpan left && left < atLeast)
            Set(alarm, atLeast);
    }

    /// <summary>All that are set come so much later.</summary>
    internal void Postpone(TimeSpan by)
    {
        long ticks = (long)(by.TotalSeconds * _time.TimestampFrequency);
        for (int i = 0; i < _kinds; i++)
            _due[i] += ticks;
    }

    /// <summary>Whether one is set at whose time somebody would be taken for late or hung.</summary>
    internal bool AreLimitsSet =>
        IsSet(Alarm.State) || IsSet(Alarm.Watchdog) || IsSet(Alarm.Probe) || IsSet(Alarm.StartDelay) || IsSet(Alarm.Retire) || IsSet(Alarm.Check) || IsSet(Alarm.Checkpoint);

    /// <summary>Null when it is not set.</summary>
    internal TimeSpan? Remaining(Alarm alarm) =>
        _due[(int)alarm] is long due ? TimeSpan.FromSeconds((due - _time.GetTimestamp()) / (double)_time.TimestampFrequency) : null;

    /// <summary>Takes one alarm whose time has come, the earliest first; null when there is none, and the timer is set for the next.</summary>
    internal Alarm? TakeDue()
    {
        int first = -1;
        for (int i = 0; i < _kinds; i++)
            if (_due[i] is long due && (first < 0 || due < _due[first]))
                first = i;
        if (first < 0)
            return null;
        if (_due[first] > _time.GetTimestamp())
        {
            if (_due[first]!.Value < _timerDue)
                Arm(_due[first]!.Value);
            return null;
        }

        _due[first] = null;
        return (Alarm)first;
    }

    /// <summary>The timer has fired: it is not running any more.</summary>
    internal void TimerFired() => _timerDue = long.MaxValue;

    public void Dispose() => _timer.Dispose();

    private void Arm(long due)
    {
        _timerDue = due;
        double seconds = (due - _time.GetTimestamp()) / (double)_time.TimestampFrequency;
        // A timer of .NET takes 49 days at most; then it comes early.
        _timer.Change(TimeSpan.FromMilliseconds(Math.Clamp(Math.Ceiling(seconds * 1000), 0, 4_000_000_000)), Timeout.InfiniteTimeSpan);
    }
}

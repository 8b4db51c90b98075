using System.Diagnostics.Metrics;

namespace SeamlessReboot;

/// <summary>The meter "SeamlessReboot".</summary>
internal sealed class RebootMetrics : IDisposable
{
    private readonly Meter _meter = new("SeamlessReboot");
    private readonly Histogram<double> _pause;
    private readonly Histogram<double> _checkpointPause;
    private readonly Counter<long> _reboots;
    private readonly Counter<long> _lost;

    internal RebootMetrics(Func<int> sessions)
    {
        _pause = _meter.CreateHistogram<double>("seamlessreboot.pause", "s", "From the first session suspended to all resumed");
        _checkpointPause = _meter.CreateHistogram<double>("seamlessreboot.checkpoint.pause", "s", "From the first session suspended to all resumed, of a checkpoint");
        _reboots = _meter.CreateCounter<long>("seamlessreboot.reboots", "{reboot}", "Reboots, by outcome: completed or called_off");
        _lost = _meter.CreateCounter<long>("seamlessreboot.sessions.lost", "{session}", "Sessions that did not come through a reboot");
        _meter.CreateObservableGauge("seamlessreboot.sessions", sessions, "{session}", "Living sessions");
    }

    public void Dispose() => _meter.Dispose();

    internal void Count(CheckpointReport report)
    {
        if (report.Failure is null)
            _checkpointPause.Record(report.Pause.TotalSeconds);
    }

    internal void Count(RebootReport report)
    {
        _reboots.Add(1, new KeyValuePair<string, object?>("outcome", report.CalledOff is null ? "completed" : "called_off"));
        _pause.Record(report.Pause.TotalSeconds);
        _lost.Add(report.SessionsLost.Count);
    }
}

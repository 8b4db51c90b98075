namespace SeamlessReboot;

/// <summary>What became of the last reboot and the last checkpoint, for who asks and for the meter. Thread-safe.</summary>
internal sealed class Reports : IDisposable
{
    private volatile RebootReport? _lastReboot;
    private volatile CheckpointReport? _lastCheckpoint;
    private volatile RebootMetrics? _metrics;

    internal RebootReport? LastReboot => _lastReboot;

    internal CheckpointReport? LastCheckpoint => _lastCheckpoint;

    /// <summary>Off this thread: everyone is being served already, and the instruments take milliseconds to make.</summary>
    internal void StartMetrics(Func<int> sessions) => ThreadPool.UnsafeQueueUserWorkItem(_ =>
    {
        RebootMetrics metrics = new(sessions);
        if (_lastReboot is RebootReport report)
            metrics.Count(report);
        _metrics = metrics;
    }, null);

    internal void Add(RebootReport report)
    {
        _lastReboot = report;
        _metrics?.Count(report);
    }

    internal void Add(CheckpointReport report)
    {
        _lastCheckpoint = report;
        _metrics?.Count(report);
    }

    public void Dispose() => _metrics?.Dispose();
}

namespace SeamlessReboot.Angel.Children;

/// <summary>Recent deaths, and how long to wait before the next start.</summary>
internal sealed class DeathTally(AngelOptions options, TimeProvider time)
{
    private const double Growth = 1.5;
    private readonly Queue<DateTimeOffset> _deaths = new();

    /// <summary>Deaths since a server was last ready for <see cref="AngelOptions.StableAfter"/>.</summary>
    internal int Consecutive { get; set; }

    /// <summary>When the deaths within <see cref="AngelOptions.DeathWindow"/> were, the oldest first.</summary>
    internal IReadOnlyCollection<DateTimeOffset> Recent
    {
        get
        {
            while (_deaths.TryPeek(out DateTimeOffset oldest) && time.GetUtcNow() - oldest > options.DeathWindow)
                _deaths.Dequeue();
            return _deaths;
        }
    }

    /// <summary>Whether there have been as many recent deaths as the angel tolerates.</summary>
    internal bool IsLimitReached => options.DeathLimit > 0 && Recent.Count >= options.DeathLimit;

    internal void Add(DateTimeOffset? when = null)
    {
        _deaths.Enqueue(when ?? time.GetUtcNow());
        Consecutive++;
    }

    /// <summary>The delay before the next start: none for the first restart, because people are waiting; then growing.</summary>
    internal TimeSpan NextDelay()
    {
        if (Consecutive <= 1)
            return TimeSpan.Zero;
        double seconds = options.Backoff.TotalSeconds * Math.Pow(Growth, Math.Min(Consecutive - 2, 100));
        return TimeSpan.FromSeconds(Math.Min(seconds, options.BackoffLimit.TotalSeconds));
    }

    /// <summary>The next death is the first in a row again. The recent ones still count towards the limit.</summary>
    internal void ResetConsecutive() => Consecutive = 0;

    internal void Clear()
    {
        Consecutive = 0;
        _deaths.Clear();
    }
}

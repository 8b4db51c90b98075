namespace SeamlessReboot.Angel.Children;

/// <summary>Deaths of late, and how long to wait before the next start.</summary>
internal sealed class DeathTally(AngelOptions options, TimeProvider time)
{
    private const double Growth = 1.5;
    private readonly Queue<DateTimeOffset> _deaths = new();

    /// <summary>Deaths since the last time that a server was ready for long.</summary>
    internal int InARow { get; set; }

    /// <summary>When the deaths were that still count, the oldest first.</summary>
    internal IReadOnlyCollection<DateTimeOffset> OfLate
    {
        get
        {
            while (_deaths.TryPeek(out DateTimeOffset oldest) && time.GetUtcNow() - oldest > options.DeathWindow)
                _deaths.Dequeue();
            return _deaths;
        }
    }

    /// <summary>Whether there have been so many deaths of late that it is of no use to go on.</summary>
    internal bool IsOver => options.DeathLimit > 0 && OfLate.Count >= options.DeathLimit;

    internal void Add(DateTimeOffset? when = null)
    {
        _deaths.Enqueue(when ?? time.GetUtcNow());
        InARow++;
    }

    /// <summary>Nothing before the first restart, because people are waiting; then growing.</summary>
    internal TimeSpan Wait()
    {
        if (InARow <= 1)
            return TimeSpan.Zero;
        double seconds = options.Backoff.TotalSeconds * Math.Pow(Growth, Math.Min(InARow - 2, 100));
        return TimeSpan.FromSeconds(Math.Min(seconds, options.BackoffLimit.TotalSeconds));
    }

    /// <summary>A server has been ready for long: the next death is the first again. Those of late still count.</summary>
    internal void Forgive() => InARow = 0;

    internal void Clear()
    {
        InARow = 0;
        _deaths.Clear();
    }
}

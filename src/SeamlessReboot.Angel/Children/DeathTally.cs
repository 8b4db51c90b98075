namespace SeamlessReboot.Angel.Children;

/// <summary>Recent deaths, and how long to wait before the next start. Durations are by the monotonic clock; the wall clock only labels them.</summary>
internal sealed class DeathTally(AngelOptions options, TimeProvider time)
{
    private const double Growth = 1.5;

    /// <summary>A server that was ready for so long has made up for every death before it; one that was ready for half of it, for half of them.</summary>
    private static readonly TimeSpan _forgivenAfter = TimeSpan.FromSeconds(10);
    private readonly Queue<Death> _deaths = new();

    /// <summary>Deaths that no time of readiness has made up for yet.</summary>
    internal double Consecutive { get; set; }

    /// <summary>The deaths within <see cref="AngelOptions.DeathWindow"/>, the oldest first.</summary>
    internal IReadOnlyCollection<Death> Recent
    {
        get
        {
            while (_deaths.TryPeek(out Death oldest) && time.GetElapsedTime(oldest.Timestamp) > options.DeathWindow)
                _deaths.Dequeue();
            return _deaths;
        }
    }

    /// <summary>Whether there have been as many recent deaths as the angel tolerates.</summary>
    internal bool IsLimitReached => options.DeathLimit > 0 && Recent.Count >= options.DeathLimit;

    internal void Add() => Add(new Death(time.GetTimestamp(), time.GetUtcNow()));

    /// <summary>One that the angel before this one has counted.</summary>
    internal void Add(Death death)
    {
        _deaths.Enqueue(death);
        Consecutive++;
    }

    /// <summary>Before the death of a server is added: how long it was ready.</summary>
    internal void Forgive(TimeSpan ready) => Consecutive *= Math.Max(0, 1 - ready / _forgivenAfter);

    /// <summary>The delay before the next start: none for the first restart, because people are waiting; then growing.</summary>
    internal TimeSpan NextDelay()
    {
        if (Consecutive <= 1)
            return TimeSpan.Zero;
        double seconds = options.Backoff.TotalSeconds * Math.Pow(Growth, Math.Min(Math.Max(Consecutive - 2, 0), 100));
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

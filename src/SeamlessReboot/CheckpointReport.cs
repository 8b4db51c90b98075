namespace SeamlessReboot;

/// <summary>What became of a checkpoint. Immutable.</summary>
public sealed class CheckpointReport
{
    /// <summary>As given to <see cref="Rebooter.RequestCheckpoint"/>; "interval" for those that come by themselves.</summary>
    public required string Reason { get; init; }

    /// <summary>When everyone held still.</summary>
    public required DateTimeOffset Written { get; init; }

    /// <summary>From the moment the first session was asked to stop to the moment all may run again.</summary>
    public TimeSpan Pause { get; init; }

    /// <summary>The living sessions.</summary>
    public int Sessions { get; init; }

    /// <summary>Those of them that did not stop in time, or could not be captured. Of them the record before is kept.</summary>
    public int SessionsLate { get; init; }

    /// <summary>Who was late in any attempt to suspend: "session 17", "safe point 'loop'"; the first ten.</summary>
    public IReadOnlyList<string> Late { get; init; } = [];

    /// <summary>Size of what was written, in bytes.</summary>
    public long SpoolBytes { get; init; }

    /// <summary>Why there is none; null when it was taken. The one before is then still there.</summary>
    public Exception? Failure { get; init; }
}

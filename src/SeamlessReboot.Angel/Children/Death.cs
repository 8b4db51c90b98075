namespace SeamlessReboot.Angel.Children;

/// <summary>When a server has died.</summary>
/// <param name="Timestamp">By the monotonic clock, which an exec does not change.</param>
/// <param name="When">For people.</param>
internal readonly record struct Death(long Timestamp, DateTimeOffset When);

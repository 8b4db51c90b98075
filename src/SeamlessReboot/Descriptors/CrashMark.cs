namespace SeamlessReboot.Descriptors;

/// <summary>A crash of late.</summary>
/// <param name="Second">When, in seconds since the epoch.</param>
/// <param name="Session">The session that was running, or 0 when that is not known.</param>
internal sealed record CrashMark(long Second, long Session);

namespace SeamlessReboot;

/// <summary>A session that did not come through a reboot.</summary>
/// <param name="Id">Its number: sessions are counted from 1 as they are added, and keep their number over reboots.</param>
/// <param name="Reason">Why, in a sentence.</param>
/// <param name="StateFile">Where its record is kept for somebody to look at, or null.</param>
/// <param name="Kind">As given in <see cref="SessionSnapshot.Kind"/>; empty when it is not known.</param>
public sealed record LostSession(long Id, string Reason, string? StateFile = null, string Kind = "");

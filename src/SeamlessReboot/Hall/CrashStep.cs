using SeamlessReboot.Descriptors;

namespace SeamlessReboot;

/// <summary>What the guard against crash loops has decided.</summary>
/// <param name="Warm">Whether sessions come back.</param>
/// <param name="Culprit">The session to leave behind, or 0.</param>
/// <param name="History">The crashes of late, with this one.</param>
internal sealed record CrashStep(bool Warm, long Culprit, CrashMark[] History)
{
    /// <summary>
    /// With everyone; again within the window: without the session that crashed it, cold if that is not known; then cold; then
    /// null: let it die.
    /// </summary>
    internal static CrashStep? Decide(IReadOnlyList<CrashMark> before, long now, long culprit, TimeSpan window)
    {
        List<CrashMark> recent = [.. before.Where(c => now - c.Second <= window.TotalSeconds && c.Second <= now)];
        CrashMark[] history = [.. recent, new CrashMark(now, culprit)];
        return recent.Count switch
        {
            0 => new CrashStep(true, 0, history),
            1 => new CrashStep(culprit != 0, culprit, history),
            2 => new CrashStep(false, 0, history),
            _ => null,
        };
    }
}

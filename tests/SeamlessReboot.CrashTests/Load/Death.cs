using System.Diagnostics;

namespace SeamlessReboot.CrashTests.Load;

/// <summary>One death of the server, and when the next one answered.</summary>
internal sealed class Death(long at)
{
    private long _answered;

    public long At => at;

    /// <summary>From the death to the first answer to a line that was sent after it; null as long as there is none.</summary>
    public TimeSpan? ToFirstAnswer => Volatile.Read(ref _answered) is > 0 and long answered ? Stopwatch.GetElapsedTime(at, answered) : null;

    public void Answered(long now) => Interlocked.CompareExchange(ref _answered, now, 0);
}

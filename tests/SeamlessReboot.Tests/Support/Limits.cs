using System.Diagnostics;

namespace SeamlessReboot.Tests.Support;

/// <summary>Nothing in a test waits for ever.</summary>
internal static class Limits
{
    internal static readonly TimeSpan Long = TimeSpan.FromSeconds(10);

    internal static Task Within(this Task task) => task.WaitAsync(Long);

    internal static Task<T> Within<T>(this Task<T> task) => task.WaitAsync(Long);

    internal static Task Within(this ValueTask task) => task.AsTask().WaitAsync(Long);

    internal static Task<T> Within<T>(this ValueTask<T> task) => task.AsTask().WaitAsync(Long);

    /// <summary>For what gives no event to await.</summary>
    internal static async Task UntilAsync(Func<bool> condition, string what)
    {
        for (long start = Stopwatch.GetTimestamp(); !condition(); await Task.Delay(2))
            if (Stopwatch.GetElapsedTime(start) > Long)
                Assert.Fail($"Waited in vain until {what}.");
    }

    /// <summary>Whether it stays undone; long enough to catch most of what is wrong, short enough to be run often.</summary>
    internal static async Task<bool> StaysPendingAsync(this Task task)
    {
        await Task.WhenAny(task, Task.Delay(30));
        return !task.IsCompleted;
    }
}

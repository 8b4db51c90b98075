namespace SeamlessReboot.ProcessTests.Helpers;

/// <summary>How long a test waits for anything: much longer than it can take, so that no slow machine fails a test.</summary>
internal static class Limits
{
    public static TimeSpan Wait { get; } = TimeSpan.FromSeconds(60);

    /// <summary>For what has no event to wait for: looks again until it is so.</summary>
    public static async Task UntilAsync(Func<bool> condition, string what)
    {
        using CancellationTokenSource overdue = new(Wait);
        while (!condition())
        {
            if (overdue.IsCancellationRequested)
                throw new TimeoutException($"After {Wait.TotalSeconds} s it is still not so: {what}.");
            await Task.Delay(10);
        }
    }
}

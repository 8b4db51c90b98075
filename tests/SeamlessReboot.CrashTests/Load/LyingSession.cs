namespace SeamlessReboot.CrashTests.Load;

/// <summary>What <see cref="LyingServer"/> knows of a client.</summary>
internal sealed class LyingSession(int id)
{
    public int Id => id;

    public int Count { get; set; }

    /// <summary>The right answer.</summary>
    public string Honest(string line) => $"{Id} {++Count} {line}\n";
}

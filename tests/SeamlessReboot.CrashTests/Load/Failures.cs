namespace SeamlessReboot.CrashTests.Load;

/// <summary>What was not as it has to be, in sentences. Thread-safe.</summary>
internal sealed class Failures
{
    private const int Kept = 50;
    private readonly Lock _gate = new();
    private readonly List<string> _sentences = [];
    private readonly TaskCompletionSource _any = new(TaskCreationOptions.RunContinuationsAsynchronously);

    public int Count { get; private set; }

    /// <summary>Completes with the first.</summary>
    public Task Any => _any.Task;

    /// <summary>The first of them: one mistake can fail a thousand clients.</summary>
    public IReadOnlyList<string> First
    {
        get
        {
            lock (_gate)
                return [.. _sentences];
        }
    }

    public void Add(string sentence)
    {
        lock (_gate)
        {
            Count++;
            _any.TrySetResult();
            if (_sentences.Count < Kept)
                _sentences.Add($"{TimeOnly.FromDateTime(DateTime.Now):HH:mm:ss.fff} {sentence}");
        }
    }
}

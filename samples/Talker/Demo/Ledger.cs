namespace Talker.Demo;

/// <summary>The account of all that was said and all that has arrived. Thread-safe.</summary>
internal sealed class Ledger : IDisposable
{
    private readonly Lock _gate = new();
    private readonly List<string> _failures = [];
    private readonly CancellationTokenSource _failed = new();
    private readonly List<(int Lines, TaskCompletionSource Reached)> _milestones = [];
    private TaskCompletionSource? _allArrived;

    public int Said { get; private set; }

    public int Delivered { get; private set; }

    /// <summary>Said, and not arrived yet.</summary>
    public int Outstanding { get; private set; }

    public IReadOnlyList<string> Failures
    {
        get
        {
            lock (_gate)
                return [.. _failures];
        }
    }

    /// <summary>Cancelled at the first failure: from there on there is nothing more to be shown.</summary>
    public CancellationToken Failed => _failed.Token;

    public void CountSaid()
    {
        lock (_gate)
        {
            Said++;
            foreach ((_, TaskCompletionSource reached) in _milestones.Where(m => m.Lines <= Said))
                reached.TrySetResult();
        }
    }

    /// <summary>Completes when so many lines have been said.</summary>
    public Task WhenSaidAsync(int lines)
    {
        TaskCompletionSource reached = new(TaskCreationOptions.RunContinuationsAsynchronously);
        lock (_gate)
        {
            if (Said >= lines)
                reached.SetResult();
            else
                _milestones.Add((lines, reached));
        }

        return reached.Task;
    }

    public void Expect()
    {
        lock (_gate)
            Outstanding++;
    }

    public void Arrived()
    {
        lock (_gate)
        {
            Delivered++;
            if (--Outstanding == 0)
                _allArrived?.TrySetResult();
        }
    }

    public Task WhenAllArrivedAsync()
    {
        lock (_gate)
        {
            _allArrived = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
            if (Outstanding == 0)
                _allArrived.SetResult();
            return _allArrived.Task;
        }
    }

    public void Fail(string what)
    {
        lock (_gate)
            _failures.Add(what);
        _failed.Cancel();
    }

    public void Dispose() => _failed.Dispose();
}

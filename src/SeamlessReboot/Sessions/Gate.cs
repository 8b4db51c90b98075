namespace SeamlessReboot;

/// <summary>
/// Counts who is inside; closed, it lets nobody in but a loop that has to finish its round to come to its safe point. Thread-safe.
/// </summary>
internal sealed class Gate
{
    private readonly Lock _lock = new();
    private int _inside;
    private TaskCompletionSource? _opened; // while closed
    private TaskCompletionSource? _empty;

    internal async ValueTask<IDisposable> EnterAsync(CancellationToken cancellationToken)
    {
        LoopRound? round = LoopRound.Current;
        while (true)
        {
            Task change;
            lock (_lock)
            {
                Task? asked = null;
                if (_opened is null || round?.Point.EnterToFinish(round, out asked) == true)
                {
                    bool isRound = _opened is not null || round?.Point.Enter(round) == true;
                    _inside++;
                    return new Scope(this, isRound ? round!.Point : null);
                }

                change = asked is null ? _opened.Task : Task.WhenAny(_opened.Task, asked);
            }

            await change.WaitAsync(cancellationToken).ConfigureAwait(false);
        }
    }

    /// <summary>Closes the gate; completes when nobody is inside.</summary>
    internal Task CloseAsync()
    {
        lock (_lock)
        {
            _opened ??= new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
            if (_inside == 0)
                return Task.CompletedTask;
            return (_empty ??= new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously)).Task;
        }
    }

    internal void Open()
    {
        TaskCompletionSource? opened;
        lock (_lock)
        {
            opened = _opened;
            _opened = null;
            _empty = null;
        }

        opened?.TrySetResult();
    }

    private void Leave()
    {
        TaskCompletionSource? empty;
        lock (_lock)
        {
            if (--_inside > 0)
                return;
            empty = _empty;
            _empty = null;
        }

        empty?.TrySetResult();
    }

    private sealed class Scope(Gate gate, SafePoint? loop) : IDisposable
    {
        private Gate? _gate = gate;

        public void Dispose()
        {
            if (Interlocked.Exchange(ref _gate, null) is not { } gate)
                return;
            gate.Leave();
            loop?.Leave();
        }
    }
}

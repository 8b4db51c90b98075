namespace SeamlessReboot;

/// <summary>Counts who is inside; closed, it lets nobody in. Thread-safe.</summary>
internal sealed class Gate
{
    private readonly Lock _lock = new();
    private int _inside;
    private TaskCompletionSource? _opened; // while closed
    private TaskCompletionSource? _empty;

    internal async ValueTask<IDisposable> EnterAsync(CancellationToken cancellationToken)
    {
        while (true)
        {
            Task opened;
            lock (_lock)
            {
                if (_opened is null)
                {
                    _inside++;
                    return new Scope(this);
                }

                opened = _opened.Task;
            }

            await opened.WaitAsync(cancellationToken).ConfigureAwait(false);
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
        TaskCompletionSource? empty = null;
        lock (_lock)
        {
            if (--_inside == 0)
                empty = _empty;
        }

        empty?.TrySetResult();
    }

    private sealed class Scope(Gate gate) : IDisposable
    {
        private Gate? _gate = gate;

        public void Dispose() => Interlocked.Exchange(ref _gate, null)?.Leave();
    }
}

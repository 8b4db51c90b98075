namespace SeamlessReboot;

/// <summary>What the application does before its process is replaced, and what it does when that is called off. Registered before Ready.</summary>
internal sealed class SuspendHooks(ServerContext context)
{
    private readonly RebooterOptions _options = context.Options;
    private readonly List<Hook> _hooks = context.Options.OnSuspending is { } option ? [new Hook(option, null)] : [];

    internal void Add(Func<CancellationToken, ValueTask> suspending, Func<ValueTask>? calledOff) => _hooks.Add(new Hook(suspending, calledOff));

    /// <summary>Calls them, the last that was added first.</summary>
    /// <exception cref="TimeoutException">They have not returned in time.</exception>
    internal void Run(RebootRun run)
    {
        if (_hooks.Count == 0)
            return;
        using CancellationTokenSource overdue = new(_options.FlushTimeout, _options.TimeProvider);
        Begun begun = new();
        run.OnUndo("open again what OnSuspending has closed", () => CallOff(begun));
        // On the pool, so that a hook that blocks its thread is overdue too.
        Task all = Task.Run(() => RunAllAsync(begun, overdue.Token));
        try
        {
            all.WaitAsync(_options.FlushTimeout, _options.TimeProvider, run.Cancellation).GetAwaiter().GetResult();
        }
        catch (Exception e) when (!run.Cancellation.IsCancellationRequested && (!all.IsCompleted || (all.IsCanceled && overdue.IsCancellationRequested)))
        {
            throw new TimeoutException($"OnSuspending has not returned after {_options.FlushTimeout.TotalSeconds:0.###} s. "
                + "Make it faster, or raise RebooterOptions.FlushTimeout.", e);
        }
    }

    private async Task RunAllAsync(Begun begun, CancellationToken cancellationToken)
    {
        for (int i = _hooks.Count - 1; i >= 0; i--)
        {
            TaskCompletionSource done = new(TaskCreationOptions.RunContinuationsAsynchronously);
            if (!begun.TryAdd(_hooks[i], done.Task))
                return;
            try
            {
                await _hooks[i].Suspending(cancellationToken).ConfigureAwait(false);
            }
            finally
            {
                done.SetResult();
            }
        }
    }

    /// <summary>In the opposite order. Who still hangs in what it does is called when that is over; nobody waits for it.</summary>
    private void CallOff(Begun begun)
    {
        (Hook Hook, Task Done)[] toCall = [.. begun.Close().Reverse().Where(b => b.Hook.CalledOff is not null)];
        if (toCall.Length == 0)
            return;
        foreach ((Hook hook, Task done) in toCall.Where(b => !b.Done.IsCompleted))
            _ = done.ContinueWith(_ => CallAsync(hook), CancellationToken.None, TaskContinuationOptions.None, TaskScheduler.Default);
        RebootRun.IsCurrent = true; // everyone is frozen still: to add or remove a session here would wait for ever
        Task all = Task.Run(async () =>
        {
            foreach ((Hook hook, Task done) in toCall)
                if (done.IsCompleted)
                    await CallAsync(hook).ConfigureAwait(false);
        });
        RebootRun.IsCurrent = false;
        if (!all.Wait(_options.FlushTimeout))
            throw new TimeoutException($"It has not returned after {_options.FlushTimeout.TotalSeconds:0.###} s.");
    }

    private async Task CallAsync(Hook hook)
    {
        try
        {
            await hook.CalledOff!().ConfigureAwait(false);
        }
#pragma warning disable CA1031 // the application's code; the others are to be called too
        catch (Exception e)
#pragma warning restore CA1031
        {
            Log.UndoFailed(context.Log, "open again what OnSuspending has closed", Failure.Text(e), e);
        }
    }

    private sealed record Hook(Func<CancellationToken, ValueTask> Suspending, Func<ValueTask>? CalledOff);

    /// <summary>Those that have been called in one reboot. Once it is closed, no other is.</summary>
    private sealed class Begun
    {
        private readonly Lock _lock = new();
        private readonly List<(Hook Hook, Task Done)> _hooks = [];
        private bool _isClosed;

        internal bool TryAdd(Hook hook, Task done)
        {
            lock (_lock)
            {
                if (!_isClosed)
                    _hooks.Add((hook, done));
                return !_isClosed;
            }
        }

        internal IEnumerable<(Hook Hook, Task Done)> Close()
        {
            lock (_lock)
            {
                _isClosed = true;
                return [.. _hooks];
            }
        }
    }
}

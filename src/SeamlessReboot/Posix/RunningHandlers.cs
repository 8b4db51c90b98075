using System.Diagnostics;

namespace SeamlessReboot.Posix;

/// <summary>
/// The handlers of the application that are running for a signal now. .NET does not tell when one has returned. But it runs them on
/// the thread pool, and when the pool has done a piece of work it resets the thread's execution context, of which an
/// <see cref="AsyncLocal{T}"/> tells whoever asks.
/// </summary>
internal sealed class RunningHandlers
{
    private static readonly AsyncLocal<Run?> _current = new(OnChanged);
    private readonly List<Run> _running = [];

    /// <summary>Called by the first registration of a signal, on the thread that then calls the others.</summary>
    internal void Begin(int signal)
    {
        Run run = new(this, signal, Environment.CurrentManagedThreadId);
        lock (_running)
            _running.Add(run);
        _current.Value = run;
    }

    /// <summary>Waits until none is running.</summary>
    /// <returns>0; or the signal whose handler is still running when the time is over.</returns>
    internal int Wait(TimeSpan limit)
    {
        long start = Stopwatch.GetTimestamp();
        lock (_running)
        {
            while (_running.Count > 0)
            {
                TimeSpan left = limit - Stopwatch.GetElapsedTime(start);
                if (left <= TimeSpan.Zero || !Monitor.Wait(_running, left))
                    return _running.Count > 0 ? _running[0].Signal : 0;
            }

            return 0;
        }
    }

    // The context flows to what the handler starts, on other threads; and on its own it may run something in another one, and come back.
    private static void OnChanged(AsyncLocalValueChangedArgs<Run?> change)
    {
        if (!change.ThreadContextChanged)
            return;
        int thread = Environment.CurrentManagedThreadId;
        if (change.PreviousValue is Run left && left.Thread == thread)
            left.Owner.End(left);
        if (change.CurrentValue is Run back && back.Thread == thread)
            back.Owner.Resume(back);
    }

    private void End(Run run)
    {
        lock (_running)
        {
            _running.Remove(run);
            Monitor.PulseAll(_running);
        }
    }

    private void Resume(Run run)
    {
        lock (_running)
            _running.Add(run);
    }

    private sealed record Run(RunningHandlers Owner, int Signal, int Thread);
}

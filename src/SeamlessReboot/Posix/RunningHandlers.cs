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
    private readonly int[] _begun = new int[SignalHandlers.Last + 1];

    /// <summary>Called by the first registration of a signal, on the thread that then calls the others.</summary>
    internal void Begin(int signal, bool isOnPool)
    {
        Run? run = isOnPool ? new Run(this, signal, Environment.CurrentManagedThreadId) : null;
        lock (_running)
        {
            _begun[signal]++;
            if (run is not null)
                _running.Add(run);
            Monitor.PulseAll(_running);
        }

        if (run is not null)
            _current.Value = run;
    }

    /// <summary>Waits until handlers have been begun for every signal that was caught, and none is running.</summary>
    /// <returns>0; or a signal of which that is not so when the time is over.</returns>
    internal int Wait(Func<int, int> caught, TimeSpan limit)
    {
        long start = Stopwatch.GetTimestamp();
        lock (_running)
        {
            while (FindLate(caught) is int late and not 0)
            {
                TimeSpan left = limit - Stopwatch.GetElapsedTime(start);
                if (left <= TimeSpan.Zero)
                    return late;
                Monitor.Wait(_running, left);
            }

            return 0;
        }
    }

    private int FindLate(Func<int, int> caught)
    {
        for (int signal = 1; signal < _begun.Length; signal++)
            if (_begun[signal] < caught(signal))
                return signal;
        return _running.Count > 0 ? _running[0].Signal : 0;
    }

    // The context flows to what the handler starts, on other threads. And on its own thread a handler may run something in another context,
    // and come back.
    private static void OnChanged(AsyncLocalValueChangedArgs<Run?> change)
    {
        if (!change.ThreadContextChanged)
            return;
        int thread = Environment.CurrentManagedThreadId;
        if (change.PreviousValue is Run left && left.Thread == thread)
            left.Owner.Leave(left);
        if (change.CurrentValue is Run back && back.Thread == thread)
            back.Owner.Return(back);
    }

    private void Leave(Run run)
    {
        lock (_running)
        {
            _running.Remove(run);
            Monitor.PulseAll(_running);
        }
    }

    private void Return(Run run)
    {
        lock (_running)
            _running.Add(run);
    }

    private sealed record Run(RunningHandlers Owner, int Signal, int Thread);
}

using System.Runtime.ExceptionServices;

namespace SeamlessReboot;

/// <summary>Code of the application, run on a thread of its own: when it never returns, the reboot goes on without that thread.</summary>
internal sealed class LimitedCall
{
    private readonly Lock _lock = new();
    private bool _isAbandoned;

    /// <summary>True when nobody waits for the call any more: what it does from here on has to be taken back by itself.</summary>
    internal bool IsAbandoned
    {
        get
        {
            lock (_lock)
                return _isAbandoned;
        }
    }

    /// <summary>Runs the action; what it throws is thrown here.</summary>
    /// <returns>False when it has not returned within the limit.</returns>
    internal bool TryRun(Action action, TimeSpan limit, CancellationToken cancellationToken)
    {
        TaskCompletionSource done = new();
        RebootRun.OnThread(() =>
        {
            try
            {
                action();
                done.TrySetResult();
            }
#pragma warning disable CA1031 // handed to who waits
            catch (Exception e)
#pragma warning restore CA1031
            {
                done.TrySetException(e);
            }
        });
        try
        {
            if (Task.WaitAny([done.Task], (int)limit.TotalMilliseconds, cancellationToken) < 0 && !Abandon(done.Task))
                return false;
        }
        catch (OperationCanceledException)
        {
            Abandon(done.Task);
            throw;
        }

        if (done.Task.Exception?.InnerException is Exception failure)
            ExceptionDispatchInfo.Throw(failure);
        return true;
    }

    /// <returns>True when it has returned in the last moment.</returns>
    private bool Abandon(Task call)
    {
        lock (_lock)
            return !(_isAbandoned = !call.IsCompleted);
    }
}

namespace SeamlessReboot;

/// <summary>
/// A loop of the application that a reboot must not interrupt: it is held here, between two rounds, while state is captured.
/// </summary>
/// <remarks>
/// Made by <see cref="Rebooter.AddSafePoint(string)"/>. Dispose it when the loop ends; a reboot waits for every safe point that
/// was added.
/// </remarks>
public sealed class SafePoint : IDisposable
{
    private readonly SynchronizationContext? _context;
    private readonly Action<SafePoint> _remove;
    private readonly Lock _gate = new();
    private volatile Hold? _hold;
    private bool _disposed;

    internal SafePoint(string name, SynchronizationContext? context, Action<SafePoint> remove)
    {
        Name = name;
        _context = context;
        _remove = remove;
    }

    /// <summary>How reports call the loop.</summary>
    public string Name { get; }

    /// <summary>
    /// To be called where nothing is half done, at the top of the loop. Returns at once, unless a reboot wants the loop to
    /// stop: then it blocks until the process is replaced, or returns when the reboot has been called off.
    /// </summary>
    public void Poll()
    {
        // Again, if the next reboot has come before the loop was awake.
        while (_hold is { } hold)
        {
            hold.Arrived.TrySetResult();
            hold.Released.Wait();
        }
    }

    /// <summary>The loop has ended; reboots no longer wait for it.</summary>
    public void Dispose()
    {
        _remove(this);
        lock (_gate)
        {
            _disposed = true;
            _hold?.Arrived.TrySetResult();
        }
    }

    /// <summary>Asks the loop to stop; completes when it has.</summary>
    internal Task HoldAsync()
    {
        Hold hold = new();
        lock (_gate)
        {
            if (_disposed)
                return Task.CompletedTask;
            _hold = hold;
        }

        _context?.Post(static p => ((SafePoint)p!).Poll(), this);
        return hold.Arrived.Task;
    }

    internal void Release()
    {
        lock (_gate)
        {
            _hold?.Released.Set();
            _hold = null;
        }
    }

    // One for each reboot: an event that is set and soon reset again can be missed by who waits for it.
    private sealed class Hold
    {
        internal TaskCompletionSource Arrived { get; } = new(TaskCreationOptions.RunContinuationsAsynchronously);

        internal ManualResetEventSlim Released { get; } = new();
    }
}

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
    private readonly ManualResetEventSlim _go = new(true);
    private TaskCompletionSource _arrived = new();
    private volatile bool _asked;

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
        if (!_asked)
            return;
        _arrived.TrySetResult();
        _go.Wait();
    }

    /// <summary>The loop has ended; reboots no longer wait for it.</summary>
    public void Dispose()
    {
        _remove(this);
        _arrived.TrySetResult();
    }

    /// <summary>Asks the loop to stop; completes when it has.</summary>
    internal Task HoldAsync()
    {
        _arrived = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
        _go.Reset();
        _asked = true;
        _context?.Post(static p => ((SafePoint)p!).Poll(), this);
        return _arrived.Task;
    }

    internal void Release()
    {
        _asked = false;
        _go.Set();
    }
}

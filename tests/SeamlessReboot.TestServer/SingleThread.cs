using System.Collections.Concurrent;

namespace SeamlessReboot.TestServer;

/// <summary>A SynchronizationContext of one thread.</summary>
internal sealed class SingleThread : SynchronizationContext
{
    private readonly BlockingCollection<(SendOrPostCallback Callback, object? State)> _work = [];

    public SingleThread() => new Thread(Run) { IsBackground = true, Name = "world" }.Start();

    public override void Post(SendOrPostCallback d, object? state) => _work.Add((d, state));

    public Task RunAsync(Action action)
    {
        TaskCompletionSource done = new(TaskCreationOptions.RunContinuationsAsynchronously);
        Post(_ =>
        {
            action();
            done.SetResult();
        }, null);
        return done.Task;
    }

    private void Run()
    {
        SetSynchronizationContext(this);
        foreach ((SendOrPostCallback callback, object? state) in _work.GetConsumingEnumerable())
            callback(state);
    }
}

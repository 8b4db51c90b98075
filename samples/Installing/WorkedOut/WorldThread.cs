using System.Collections.Concurrent;

namespace WorkedOut;

/// <summary>A single thread that runs what is posted to it, one piece after the other.</summary>
internal sealed class WorldThread : SynchronizationContext, IDisposable
{
    private readonly BlockingCollection<Action> _work = [];

    public WorldThread() => new Thread(Run) { IsBackground = true, Name = "world" }.Start();

    public override void Post(SendOrPostCallback d, object? state) => _work.Add(() => d(state));

    public Task RunAsync(Action action)
    {
        TaskCompletionSource done = new(TaskCreationOptions.RunContinuationsAsynchronously);
        _work.Add(() =>
        {
            try
            {
                action();
                done.SetResult();
            }
            catch (Exception e)
            {
                done.SetException(e);
            }
        });
        return done.Task;
    }

    public void Dispose() => _work.CompleteAdding();

    private void Run()
    {
        SetSynchronizationContext(this);
        foreach (Action action in _work.GetConsumingEnumerable())
            action();
    }
}

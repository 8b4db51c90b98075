namespace SeamlessReboot.CrashTests.Load;

/// <summary>Ends when each client has been answered to something that it said after it began.</summary>
internal sealed class Round(long number, long begun, int clients)
{
    private readonly TaskCompletionSource _over = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private int _served;

    public long Number => number;

    public long Begun => begun;

    public int Served => Volatile.Read(ref _served);

    public Task Over => _over.Task;

    public void Serve()
    {
        if (Interlocked.Increment(ref _served) == clients)
            _over.TrySetResult();
    }
}

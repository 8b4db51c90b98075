using SeamlessReboot.Posix;

namespace SeamlessReboot.Tests.Support;

/// <summary>A thread with a signal mask of its own, that waits, or works, until it is disposed.</summary>
internal sealed class MaskedThread : IDisposable
{
    private readonly ManualResetEventSlim _started = new(), _end = new();
    private readonly Thread _thread;

    internal MaskedThread(ulong mask, bool isBusy = false)
    {
        _thread = new Thread(() =>
        {
            Signals.SetThreadMask(mask);
            Number = Signals.ThreadId();
            _started.Set();
            // Never in the kernel. But a call out of managed code: the collector has no other way to stop a thread that blocks its signal.
            while (isBusy && !_end.IsSet)
                _ = Mono.Unix.Native.Stdlib.rand();

            _end.Wait();
        })
        { IsBackground = true };
        _thread.UnsafeStart();
        _started.Wait();
    }

    internal int Number { get; private set; }

    internal ulong Mask => SignalStatus.OfThread(Number).Blocked;

    public void Dispose()
    {
        _end.Set();
        _thread.Join();
        _end.Dispose();
        _started.Dispose();
    }
}

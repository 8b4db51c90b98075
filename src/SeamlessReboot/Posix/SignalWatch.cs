using System.Diagnostics;
using System.Runtime.InteropServices;

namespace SeamlessReboot.Posix;

/// <summary>
/// Stands beside the handlers of the application while a reboot is under way. It tells of signals that mean the end; and it holds
/// signals back just before the exec, in such a way that each is handled by this image or by the next one, and by one only.
/// </summary>
/// <remarks>
/// .NET calls the registration that was made last first. So this one learns of a signal before the application does, if it has begun
/// after the application had registered its own. It registers for no signal that .NET did not handle already, and never cancels one:
/// what the signal does stays as it was.
/// </remarks>
internal sealed class SignalWatch : IDisposable
{
    private static readonly TimeSpan _threadsLimit = TimeSpan.FromMilliseconds(250);
    private static readonly TimeSpan _endLimit = TimeSpan.FromSeconds(5);
    private static int _holding;
    private readonly List<PosixSignalRegistration> _registrations = [];
    private readonly RunningHandlers _running = new();
    private readonly Func<string, Task?> _onTermination;
    private readonly ulong _terminating;
    private readonly int[] _caughtBefore = new int[SignalHandlers.Last + 1];
    private CaughtCounts? _caught;
    private ulong _watched;
    private ulong _maskBefore;
    private ThreadMasks? _masks;
    private bool _isHolding;

    private SignalWatch(ulong terminating, Func<string, Task?> onTermination)
    {
        _terminating = terminating;
        _onTermination = onTermination;
    }

    /// <summary>Whether one of this process is holding signals back at the moment.</summary>
    internal static bool IsAnyHolding => Volatile.Read(ref _holding) > 0;

    /// <summary>What <see cref="Hold"/> could not do as it should, in one sentence; null when all is well.</summary>
    internal string? Shortcoming { get; private set; }

    /// <param name="except">Signals that do not call a reboot off: those that ask for one.</param>
    /// <param name="onTermination">
    /// Called with the name when one of SIGTERM, SIGINT and SIGQUIT has come, until <see cref="Hold"/> has returned. Should call the
    /// reboot off, and return at once. The application's handler is called when the task is done that it returns, but after five
    /// seconds at the latest.
    /// </param>
    internal static SignalWatch Begin(ulong except, Func<string, Task?> onTermination)
    {
        SignalWatch watch = new(SignalHandlers.Terminating & ~except, onTermination);
        watch._watched = SignalHandlers.Registered(SignalHandlers.Holdable(0));
        watch.ForEachWatched(watch.Register);
        // Only now: what is counted must come by here.
        watch._caught = watch._watched == 0 ? null : CaughtCounts.Shared();
        watch.ForEachWatched(watch.Count);
        ThreadMasks.Prepare();
        return watch;
    }

    /// <summary>
    /// Holds back everything that has a handler, in every thread, and waits until what came before has been handled. To be called
    /// on the thread that is going to exec. What is held back is then blocked in that thread, and so in the next image.
    /// </summary>
    /// <param name="alsoHeld">What this image has inherited and not released.</param>
    /// <param name="limit">How long handlers may take.</param>
    /// <param name="isUrgent">Go on where a handler has not returned in time.</param>
    /// <returns>What releases them.</returns>
    /// <exception cref="TimeoutException">A handler has not returned; nothing is held.</exception>
    internal Action Hold(ulong alsoHeld, TimeSpan limit, bool isUrgent)
    {
        long start = Stopwatch.GetTimestamp();
        ulong held = SignalHandlers.Holdable(_watched) | alsoHeld;
        Interlocked.Increment(ref _holding);
        _isHolding = true;
        _maskBefore = Signals.SetThreadMask(held);
        _masks = ThreadMasks.For(held);
        bool isBlocked = _masks?.Block(_threadsLimit) ?? false;
        int late = _running.Wait(CaughtSince, limit - Stopwatch.GetElapsedTime(start));
        if (late != 0 && !isUrgent)
        {
            Release();
            throw new TimeoutException($"The handler of {Signals.Name(late)} has not returned after {limit.TotalSeconds:0.###} s. "
                + "Let it start what takes long, and return.");
        }

        isBlocked = isBlocked && _masks!.Confirm(_threadsLimit);
        Shortcoming = _masks is null ? "This process may not make a page executable, so signals could be held back in one thread only."
            : !isBlocked ? "Signals could not be held back in every thread."
            : null;
        return Release;
    }

    /// <summary>Stops watching. What is held is released first.</summary>
    public void Dispose()
    {
        Release();
        ForEachWatched(signal => _caught?.End(signal));
        foreach (PosixSignalRegistration registration in _registrations)
            registration.Dispose();
        _registrations.Clear();
        _watched = 0;
    }

    private void Register(int signal) => _registrations.Add(PosixSignalRegistration.Create((PosixSignal)signal, _ => OnSignal(signal)));

    private void Count(int signal)
    {
        if (_caught is null)
            return;
        _caughtBefore[signal] = _caught[signal];
        _caught.Begin(signal);
    }

    private int CaughtSince(int signal) => _caught is null || !Signals.Has(_watched, signal) ? 0 : _caught[signal] - _caughtBefore[signal];

    private void OnSignal(int signal)
    {
        if (!Signals.Has(_terminating, signal))
        {
            // Its handlers are called on this thread, when this has returned. Not so those of SIGINT and SIGQUIT: they have threads of their own.
            _running.Begin(signal, isOnPool: Thread.CurrentThread.IsThreadPoolThread);
            return;
        }

        Task? isOver = _onTermination(Signals.Name(signal));
        _running.Begin(signal, isOnPool: false);
        isOver?.Wait(_endLimit);
    }

    private void Release()
    {
        if (!_isHolding)
            return;
        _isHolding = false;
        _ = _masks?.Release(_threadsLimit);
        Signals.SetThreadMask(_maskBefore);
        Interlocked.Decrement(ref _holding);
    }

    private void ForEachWatched(Action<int> action)
    {
        for (int signal = 1; signal <= SignalHandlers.Last; signal++)
            if (Signals.Has(_watched, signal))
                action(signal);
    }
}

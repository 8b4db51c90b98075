using System.Diagnostics;
using System.Runtime.InteropServices;

namespace SeamlessReboot.Posix;

/// <summary>
/// Stands between signals and the handlers of the application while a reboot is under way. At first it lets everything through and
/// tells of those that mean the end. Once they are held, no handler is called any more: a signal stays pending, and is for the
/// next image, or for this one if the reboot is called off.
/// </summary>
/// <remarks>
/// A registration that is made last is called first, and can keep the others from being called. So this has to begin after the
/// application has registered its own. Where it has none for a signal, nothing is registered here either.
/// </remarks>
internal sealed class SignalWatch : IDisposable
{
    private static readonly TimeSpan _threadsLimit = TimeSpan.FromMilliseconds(250);
    private static int _holding;
    private readonly Lock _gate = new();
    private readonly List<PosixSignalRegistration> _registrations = [];
    private readonly RunningHandlers _running = new();
    private readonly ManualResetEventSlim _isDrained = new();
    private readonly Action<string> _onTermination;
    private readonly ulong _terminating;
    private int _marker;
    private State _state;
    private ulong _put;
    private int _holder;
    private ulong _maskBefore;
    private ThreadMasks? _masks;

    private SignalWatch(ulong terminating, Action<string> onTermination) => (_terminating, _onTermination) = (terminating, onTermination);

    private enum State
    {
        Letting,
        Holding,
        Held,
    }

    /// <summary>What <see cref="Hold"/> could not do as it should, in one sentence; null when all is well.</summary>
    internal string? Shortcoming { get; private set; }

    /// <summary>Whether one of this process is holding signals back at the moment.</summary>
    internal static bool IsAnyHolding => Volatile.Read(ref _holding) > 0;

    /// <param name="except">Signals that do not call a reboot off: those that ask for one.</param>
    /// <param name="onTermination">
    /// Called with the name when one of SIGTERM, SIGINT and SIGQUIT has come, on the thread that then calls the application's handler: what it
    /// waits for, that one waits for too. Not any more once the signals are held.
    /// </param>
    internal static SignalWatch Begin(ulong except, Action<string> onTermination)
    {
        SignalWatch watch = new(SignalHandlers.Terminating & ~except, onTermination);
        try
        {
            watch.Register();
        }
        catch (IOException)
        {
            // The runtime cannot handle signals at all; then no handler needs to be looked after.
        }

        return watch;
    }

    /// <summary>
    /// Holds back everything that has a handler, in every thread. To be called on the thread that is going to exec. What is held
    /// back is in that thread's mask, which the next image begins with.
    /// </summary>
    /// <param name="alsoHeld">What this image has inherited and not released.</param>
    /// <param name="limit">How long a handler that is running already may take to return.</param>
    /// <returns>What releases them.</returns>
    /// <exception cref="TimeoutException">A handler has not returned; nothing is held.</exception>
    internal Action Hold(ulong alsoHeld, TimeSpan limit)
    {
        long start = Stopwatch.GetTimestamp();
        lock (_gate)
            _state = State.Holding;
        Interlocked.Increment(ref _holding);
        ulong held = SignalHandlers.Holdable() & ~Bits(_marker) | alsoHeld;
        _holder = Signals.ThreadId();
        _maskBefore = Signals.SetThreadMask(held);
        _masks = ThreadMasks.For(held);
        bool isBlocked = _masks?.Block(_threadsLimit) ?? false;
        // What was caught before is in the runtime's pipe, or in the queue of the thread pool, or with a handler.
        bool isDrained = TryDrain(limit);
        int late = _running.Wait(limit - Stopwatch.GetElapsedTime(start));
        if (late != 0)
        {
            Release();
            throw new TimeoutException($"The handler of {Signals.Name(late)} has not returned after {limit.TotalSeconds:0.###} s. Let it hand long work to a session "
                + "or to a task behind Rebooter.EnterAsync.");
        }

        isBlocked = isBlocked && _masks!.Confirm(_threadsLimit);
        Shortcoming = _masks is null ? "This process may not make a page executable, so signals could be held back in one thread only."
            : !isBlocked ? "Signals could not be held back in every thread."
            : !isDrained ? "The thread pool had no thread free, so a signal that came just before may be lost."
            : null;
        lock (_gate)
        {
            _state = State.Held;
            PutBack();
        }

        return Release;
    }

    /// <summary>Stops watching. What is held is released first.</summary>
    public void Dispose()
    {
        if (_state != State.Letting)
            Release();
        foreach (PosixSignalRegistration registration in _registrations)
            registration.Dispose();
        _registrations.Clear();
    }

    private void Register()
    {
        // The first one makes the runtime install its handler, by which those of other signals are known.
        _marker = SignalHandlers.FindFree(63);
        if (_marker != 0)
            Add(_marker);
        ulong registered = SignalHandlers.Registered(SignalHandlers.Holdable() & ~Bits(_marker));
        for (int signal = 1; signal <= 64; signal++)
            if (Signals.Has(registered, signal))
                Add(signal);
    }

    private void Add(int signal) =>
        _registrations.Add(PosixSignalRegistration.Create((PosixSignal)signal, context => context.Cancel = !LetsThrough(signal)));

    private bool LetsThrough(int signal)
    {
        if (signal == _marker)
        {
            _isDrained.Set();
            return false;
        }

        bool isTerminating = Signals.Has(_terminating, signal);
        lock (_gate)
        {
            if (_state != State.Letting)
            {
                _put |= Signals.Bit(signal);
                if (_state == State.Held)
                    PutBack();
                return false;
            }

            if (!isTerminating)
                _running.Begin(signal);
        }

        if (isTerminating)
            _onTermination(Signals.Name(signal));
        return true;
    }

    /// <summary>A signal of our own goes the way of those before it, from the runtime's handler to a callback, and comes out behind them.</summary>
    private bool TryDrain(TimeSpan limit)
    {
        if (_marker == 0)
            return true;
        _isDrained.Reset();
        Signals.RaiseInThread(_marker);
        return _isDrained.Wait(limit > TimeSpan.Zero ? limit : TimeSpan.Zero);
    }

    // Pending for the process where everyone blocks it. Where not, another thread would catch it again at once: then for the thread that
    // will exec, whose own pending signals survive that as well.
    private void PutBack()
    {
        for (int signal = 1; signal <= 64; signal++)
        {
            if (!Signals.Has(_put, signal))
                continue;
            if (_state == State.Held && _masks is null)
                Signals.RaiseInThread(signal, _holder);
            else
                Signals.Raise(signal);
        }

        _put = 0;
    }

    private void Release()
    {
        lock (_gate)
        {
            if (_state == State.Letting)
                return;
            _state = State.Letting;
        }

        _ = _masks?.Release(_threadsLimit);
        Signals.SetThreadMask(_maskBefore);
        Interlocked.Decrement(ref _holding);
        lock (_gate)
            PutBack(); // what the application's handlers were kept from
    }

    private static ulong Bits(int signal) => signal == 0 ? 0 : Signals.Bit(signal);
}

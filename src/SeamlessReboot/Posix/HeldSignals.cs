using System.Diagnostics;

namespace SeamlessReboot.Posix;

/// <summary>
/// The signals that the image before the exec has held back. This one begins with them blocked in its first thread, so every other
/// thread has inherited that, those of the runtime too.
/// </summary>
internal sealed class HeldSignals
{
    private static readonly TimeSpan _threadsLimit = TimeSpan.FromSeconds(1);
    private static readonly TimeSpan _lateLimit = TimeSpan.FromSeconds(5);
    private ThreadMasks? _masks;
    private bool _isOutOfReach;

    private HeldSignals(ulong set) => Set = set;

    /// <summary>Those that are not released yet. Bit n-1 stands for signal n.</summary>
    internal ulong Set { get; private set; }

    /// <summary>To be called after an exec, on the first thread.</summary>
    internal static HeldSignals Find()
    {
        HeldSignals held = new(Signals.ThreadMask());
        if (held.Set != 0)
            new Thread(held.Prepare) { IsBackground = true, Name = "SeamlessReboot" }.UnsafeStart();
        return held;
    }

    /// <summary>
    /// Releases them: the caller's thread has done so when this returns, and the others do before they execute anything else. What came in
    /// the meantime is handled now.
    /// </summary>
    /// <remarks>
    /// A signal that has no handler yet is held on, for five seconds at the most. Many an application registers its handlers after Ready,
    /// and would die of it.
    /// </remarks>
    internal void Release() => Release(Handled(Set));

    /// <summary>Waits until every thread has released them, and sees to those that have no handler yet.</summary>
    /// <param name="note">Told of what could not be done, and later of signals that were dropped; on another thread then.</param>
    internal void Finish(Action<string> note)
    {
        FinishNow(note);
        if (Set != 0)
            new Thread(() => ReleaseLate(note)) { IsBackground = true, Name = "SeamlessReboot" }.UnsafeStart();
    }

    // What is compiled while the application starts, on another processor, is not compiled while everyone waits.
    private void Prepare()
    {
        ThreadMasks.Prepare();
        _ = Handled(Set);
    }

    // In the runtime's hands SIGINT and SIGQUIT look the same with a registration and without. An application has them with SIGTERM.
    private static ulong Handled(ulong set)
    {
        ulong handled = SignalHandlers.Handled(set);
        bool isEarly = Signals.Has(set & ~handled, SignalHandlers.Terminate);
        return isEarly ? handled & ~SignalHandlers.Terminating : handled;
    }

    private void ReleaseLate(Action<string> note)
    {
        long start = Stopwatch.GetTimestamp();
        while (Set != 0 && Stopwatch.GetElapsedTime(start) < _lateLimit)
        {
            Thread.Sleep(10);
            if (!SignalWatch.IsAnyHolding && Handled(Set) is var handled and not 0) // else the next reboot passes them on
                ReleaseNow(handled, note);
        }

        // A signal that this version does not handle, and the one before did, must not kill it. One that means the end may.
        ulong unwanted = Set & ~SignalHandlers.Terminating, dropped = unwanted & SignalStatus.OfProcess().Pending;
        Signals.Discard(unwanted);
        for (int signal = 1; signal <= SignalHandlers.Last; signal++)
            if (Signals.Has(dropped, signal))
                note($"{Signals.Name(signal)} came during the reboot and is dropped, because nothing handles it in this version. Register its handler before Ready.");
        if (Set != 0)
            ReleaseNow(Set, note);
    }

    private void ReleaseNow(ulong signals, Action<string> note)
    {
        Release(signals);
        FinishNow(note);
    }

    private void Release(ulong signals)
    {
        if (signals == 0)
            return;
        Set &= ~signals;
        _masks = ThreadMasks.For(signals);
        _isOutOfReach = _masks is null;
        _masks?.Release(TimeSpan.Zero);
        Signals.UnblockInThread(signals);
    }

    private void FinishNow(Action<string> note)
    {
        if (_isOutOfReach)
            note("This process may not make a page executable, so signals stay blocked in threads that were made before Ready, and in children that those start.");
        else if (_masks is not null && !_masks.Continue(_threadsLimit))
            note("Signals could not be unblocked in every thread.");
        (_masks, _isOutOfReach) = (null, false);
    }
}

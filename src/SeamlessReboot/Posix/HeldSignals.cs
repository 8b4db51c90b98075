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

    private HeldSignals(ulong set) => Set = set;

    /// <summary>Those that are not released yet. Bit n-1 stands for signal n.</summary>
    internal ulong Set { get; private set; }

    /// <summary>To be called after an exec, on the first thread.</summary>
    internal static HeldSignals Find() => new(Signals.ThreadMask());

    /// <summary>
    /// Releases them in every thread; those that came in the meantime are handled now. A signal that has no handler yet is held on
    /// for five seconds at the most: many an application registers its handlers after Ready, and would die of it.
    /// </summary>
    /// <param name="note">Told of what was dropped or could not be done.</param>
    internal void Release(Action<string> note)
    {
        if (Set == 0)
            return;
        Release(Handled(Set), note);
        if (Set != 0)
            new Thread(() => ReleaseLate(note)) { IsBackground = true, Name = "SeamlessReboot" }.UnsafeStart();
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
            if (!SignalWatch.IsAnyHolding) // the next reboot is under way already, and passes them on
                Release(Handled(Set), note);
        }

        // A signal that this version does not handle, and the one before did, must not kill it. One that means the end may.
        ulong unwanted = Set & ~SignalHandlers.Terminating, dropped = unwanted & SignalStatus.OfProcess().Pending;
        Signals.Discard(unwanted);
        for (int signal = 1; signal <= 64; signal++)
            if (Signals.Has(dropped, signal))
                note($"{Signals.Name(signal)} came during the reboot and is dropped, because nothing handles it in this version. Register its handler before Ready.");
        Release(Set, note);
    }

    private void Release(ulong set, Action<string> note)
    {
        if (set == 0)
            return;
        Set &= ~set;
        Signals.UnblockInThread(set);
        if (ThreadMasks.For(set) is not ThreadMasks masks)
            note("This process may not make a page executable, so signals stay blocked in threads that were made before Ready, and in children that those start.");
        else if (!masks.Release(_threadsLimit))
            note("Signals could not be unblocked in every thread.");
    }
}

using System.Runtime.InteropServices;

namespace SeamlessReboot.Posix;

/// <summary>The parts of signal state that survive exec: the mask, what is ignored, and interval timers.</summary>
internal static unsafe class Signals
{
    private const int SetMask = 2; // SIG_SETMASK
    private const int ActionSize = 152; // struct sigaction of glibc and musl, x64 and arm64
    private const nint Ignore = 1; // SIG_IGN, the first member of struct sigaction

    /// <summary>The number of a signal, for the named ones of .NET (which are negative) too.</summary>
    internal static int Number(PosixSignal signal) => signal switch
    {
        PosixSignal.SIGHUP => 1,
        PosixSignal.SIGINT => 2,
        PosixSignal.SIGQUIT => 3,
        PosixSignal.SIGTERM => 15,
        PosixSignal.SIGCHLD => 17,
        PosixSignal.SIGCONT => 18,
        PosixSignal.SIGTTIN => 21,
        PosixSignal.SIGTTOU => 22,
        PosixSignal.SIGTSTP => 20,
        PosixSignal.SIGWINCH => 28,
        _ => (int)signal,
    };

    internal static ulong Bit(PosixSignal signal) => 1UL << (Number(signal) - 1);

    /// <summary>Sets the calling thread's mask of blocked signals; returns the one before.</summary>
    internal static ulong SetThreadMask(ulong blocked)
    {
        ulong* set = stackalloc ulong[16];
        ulong* old = stackalloc ulong[16]; // sigset_t has 1024 bits in glibc
        new Span<ulong>(set, 16).Clear();
        set[0] = blocked;
        _ = Libc.PthreadSigmask(SetMask, set, old);
        return old[0];
    }

    /// <summary>
    /// Makes a signal that was ignored at the start one that can be handled: .NET leaves ignored signals ignored, whatever is
    /// registered for them.
    /// </summary>
    internal static void StopIgnoring(PosixSignal signal)
    {
        byte* action = stackalloc byte[ActionSize];
        new Span<byte>(action, ActionSize).Clear();
        _ = Libc.Sigaction(Number(signal), action, null);
    }

    /// <summary>Ignores the given signals, as they were at the start; returns what undoes it.</summary>
    internal static Action IgnoreAll(ulong signals)
    {
        List<(int Signal, byte[] Old)> undo = [];
        byte* action = stackalloc byte[ActionSize];
        new Span<byte>(action, ActionSize).Clear();
        *(nint*)action = Ignore;
        for (int signal = 1; signal <= 31; signal++)
        {
            byte[] old = new byte[ActionSize];
            if ((signals >> (signal - 1) & 1) == 0)
                continue;
            fixed (byte* before = old)
                if (Libc.Sigaction(signal, action, before) == 0)
                    undo.Add((signal, old));
        }

        return () =>
        {
            foreach ((int signal, byte[] old) in undo)
                fixed (byte* before = old)
                    _ = Libc.Sigaction(signal, before, null);
        };
    }

    /// <summary>Stops the three interval timers; returns what sets them again.</summary>
    internal static Action DisarmTimers()
    {
        long[] old = new long[12];
        long* off = stackalloc long[4];
        new Span<long>(off, 4).Clear();
        fixed (long* before = old)
            for (int timer = 0; timer < 3; timer++)
                _ = Libc.SetItimer(timer, off, before + 4 * timer);
        return () =>
        {
            fixed (long* before = old)
                for (int timer = 0; timer < 3; timer++)
                    _ = Libc.SetItimer(timer, before + 4 * timer, null);
        };
    }
}

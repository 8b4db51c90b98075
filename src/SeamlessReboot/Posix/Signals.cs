using System.Runtime.InteropServices;

namespace SeamlessReboot.Posix;

/// <summary>The parts of signal state that survive exec: the mask, what is ignored, and interval timers.</summary>
internal static unsafe class Signals
{
    private const int SetMask = 2, UnblockMask = 1; // SIG_SETMASK, SIG_UNBLOCK
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

    /// <summary>As messages call it.</summary>
    internal static string Name(int signal)
    {
        foreach (PosixSignal named in Enum.GetValues<PosixSignal>())
            if (Number(named) == signal)
                return named.ToString();
        return $"signal {signal}";
    }

    internal static ulong Bit(PosixSignal signal) => Bit(Number(signal));

    internal static ulong Bit(int signal) => 1UL << (signal - 1);

    internal static bool Has(ulong set, int signal) => (set & Bit(signal)) != 0;

    /// <summary>Sets the calling thread's mask of blocked signals; returns the one before.</summary>
    internal static ulong SetThreadMask(ulong blocked) => ChangeThreadMask(SetMask, blocked);

    /// <summary>Takes signals out of the calling thread's mask; returns the one before.</summary>
    internal static ulong UnblockInThread(ulong signals) => ChangeThreadMask(UnblockMask, signals);

    /// <summary>The calling thread's mask of blocked signals.</summary>
    internal static ulong ThreadMask() => ChangeThreadMask(UnblockMask, 0);

    /// <summary>The address of the function that handles a signal; 0 for the default action, 1 where it is ignored.</summary>
    internal static nint Handler(int signal)
    {
        byte* action = stackalloc byte[ActionSize];
        return Libc.Sigaction(signal, null, action) == 0 ? *(nint*)action : 0;
    }

    /// <summary>Installs a function with the arguments of SA_SIGINFO. Everything is blocked while it runs, and system calls are restarted.</summary>
    internal static bool TryInstall(int signal, nint handler)
    {
        const int MaskAt = 8, FlagsAt = 136;
        const int WithInfo = 4, OnAlternateStack = 0x08000000, Restart = 0x10000000; // SA_SIGINFO, SA_ONSTACK, SA_RESTART
        byte* action = stackalloc byte[ActionSize];
        new Span<byte>(action, ActionSize).Clear();
        *(nint*)action = handler;
        *(ulong*)(action + MaskAt) = ulong.MaxValue;
        *(int*)(action + FlagsAt) = WithInfo | OnAlternateStack | Restart;
        return Libc.Sigaction(signal, action, null) == 0;
    }

    /// <summary>Has another function handle a signal, with everything else as it was, if <paramref name="from"/> handles it now.</summary>
    internal static void ReplaceHandler(int signal, nint from, nint to)
    {
        byte* action = stackalloc byte[ActionSize];
        if (Libc.Sigaction(signal, null, action) != 0 || *(nint*)action != from)
            return;
        *(nint*)action = to;
        _ = Libc.Sigaction(signal, action, null);
    }

    internal static int ThreadId() => (int)Libc.Syscall(SyscallNumbers.GetThreadId, 0, 0, 0);

    /// <summary>Takes away pending signals that the calling thread blocks, as if they had never been sent.</summary>
    internal static void Discard(ulong signals)
    {
        ulong* set = stackalloc ulong[16];
        long* now = stackalloc long[2];
        new Span<ulong>(set, 16).Clear();
        new Span<long>(now, 2).Clear();
        set[0] = signals;
        while (Libc.SigTimedWait(set, null, now) > 0)
        {
            // Each call takes one.
        }
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

    private static ulong ChangeThreadMask(int how, ulong signals)
    {
        ulong* set = stackalloc ulong[16];
        ulong* old = stackalloc ulong[16]; // sigset_t has 1024 bits in glibc
        new Span<ulong>(set, 16).Clear();
        set[0] = signals;
        _ = Libc.PthreadSigmask(how, set, old);
        return old[0];
    }
}

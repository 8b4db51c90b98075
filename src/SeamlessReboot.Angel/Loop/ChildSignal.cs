using System.Runtime.InteropServices;
using System.Text;
using SeamlessReboot.Angel.Posix;
using SeamlessReboot.Posix;

namespace SeamlessReboot.Angel.Loop;

/// <summary>
/// SIGCHLD where .NET must not handle it: as PID 1, or when the starter ignored the signal, its handler reaps every child, and the angel
/// would not learn how the server ended (SignalHandlerLoop in the runtime's pal_signal.c). So the signal is blocked, in every
/// thread there will ever be, and read from a descriptor. Threads inherit what is blocked from the one that starts the runtime:
/// hence the exec, before anything else.
/// </summary>
internal static unsafe class ChildSignal
{
    private const string Tried = "SEAMLESS_ANGEL_CHILD_SIGNAL";
    private const int CloseOnExecNonBlocking = 0x80800; // SFD_CLOEXEC | SFD_NONBLOCK
    private const int InfoSize = 128; // struct signalfd_siginfo

    /// <summary>Whether it is blocked in this thread, and therefore everywhere.</summary>
    internal static bool IsBlocked { get; } = (Mask() & Signals.Bit(PosixSignal.SIGCHLD)) != 0;

    /// <summary>To be called first of all. Starts the program anew if that is necessary; then it does not return.</summary>
    internal static void Prepare()
    {
        bool ignored = (ProcessStart.Read().IgnoredSignals & Signals.Bit(PosixSignal.SIGCHLD)) != 0;
        if (Environment.GetEnvironmentVariable(Tried) is not null)
            DiagnosticsSocket.RemoveOld(new HostProcess());
        if (IsBlocked || (Environment.ProcessId != 1 && !ignored) || Environment.GetEnvironmentVariable(Tried) is not null)
            return;
        Signals.StopIgnoring(PosixSignal.SIGCHLD);
        ulong before = Signals.SetThreadMask(Signals.Bit(PosixSignal.SIGCHLD));
        HostProcess process = new();
        Action back = DiagnosticsSocket.MoveAside(process);
        try
        {
            ProcessImage.Execute("/proc/self/exe", ProcessStart.CommandLine(), [.. ProcessStart.Environment(), Encoding.ASCII.GetBytes(Tried + "=1")]);
        }
        catch (SyscallException)
        {
            back();
            Signals.SetThreadMask(before);
        }
    }

    /// <summary>A descriptor that can be read when children have ended.</summary>
    internal static int Open()
    {
        ulong* set = stackalloc ulong[16];
        new Span<ulong>(set, 16).Clear();
        set[0] = Signals.Bit(PosixSignal.SIGCHLD);
        int fd = AngelLibc.SignalFd(-1, set, CloseOnExecNonBlocking);
        return fd >= 0 ? fd : throw SyscallException.Last("signalfd");
    }

    /// <summary>Takes what has come, so that the descriptor is quiet again.</summary>
    internal static void Take(int fd)
    {
        Span<byte> infos = stackalloc byte[16 * InfoSize];
        while (FdCalls.Read(fd, infos) > 0)
        {
        }
    }

    private static ulong Mask()
    {
        ulong* mask = stackalloc ulong[16];
        new Span<ulong>(mask, 16).Clear();
        _ = Libc.PthreadSigmask(0, null, mask);
        return mask[0];
    }
}

using System.Runtime.InteropServices;

namespace SeamlessReboot.CrashTests.Support;

/// <summary>Signals, and the end of a process as an event.</summary>
internal static partial class Kernel
{
    public const int Sighup = 1, Sigkill = 9, Sigusr1 = 10, Sigusr2 = 12, Sigterm = 15, Sigstop = 19;
    private const int PidfdOpen = 434; // on every architecture
    private const short PollIn = 1;
    private const int NoSuchProcess = 3;

    public static void Send(int pid, int signal)
    {
        if (Kill(pid, signal) != 0)
            throw new InvalidOperationException($"Signal {signal} could not be sent to process {pid}: errno {Marshal.GetLastPInvokeError()}.");
    }

    /// <summary>Completes at the moment in which the process has ended, whoever's child it is. To be called while it lives.</summary>
    /// <exception cref="TimeoutException">It goes on.</exception>
    public static Task EndOf(int pid)
    {
        int fd = (int)Syscall(PidfdOpen, pid, 0);
        if (fd < 0)
            return Marshal.GetLastPInvokeError() == NoSuchProcess ? Task.CompletedTask
                : throw new InvalidOperationException($"Process {pid} cannot be watched: errno {Marshal.GetLastPInvokeError()}.");
        return Task.Factory.StartNew(
            () =>
            {
                PollFd poll = new() { Fd = fd, Events = PollIn };
                int ready = Poll(ref poll, 1, (int)Limits.Wait.TotalMilliseconds);
                _ = Close(fd);
                if (ready <= 0)
                    throw new TimeoutException($"Process {pid} has not ended.");
            },
            CancellationToken.None, TaskCreationOptions.LongRunning, TaskScheduler.Default);
    }

    [LibraryImport("libc", EntryPoint = "kill", SetLastError = true)]
    private static partial int Kill(int pid, int signal);

    [LibraryImport("libc", EntryPoint = "syscall", SetLastError = true)]
    private static partial nint Syscall(nint number, nint first, nint second);

    [LibraryImport("libc", EntryPoint = "poll", SetLastError = true)]
    private static partial int Poll(ref PollFd fds, nuint count, int milliseconds);

    [LibraryImport("libc", EntryPoint = "close", SetLastError = true)]
    private static partial int Close(int fd);

    [StructLayout(LayoutKind.Sequential)]
    private struct PollFd
    {
        public int Fd;
        public short Events;
        public short Returned;
    }
}

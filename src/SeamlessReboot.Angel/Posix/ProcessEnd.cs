using Microsoft.Win32.SafeHandles;
using SeamlessReboot.Posix;

namespace SeamlessReboot.Angel.Posix;

/// <summary>Waits for the end of a process that is not our child.</summary>
internal static class ProcessEnd
{
    private const int Input = 1; // POLLIN, EPOLLIN

    /// <returns>False when it is still there after the time.</returns>
    internal static async Task<bool> WaitAsync(int pid, TimeSpan limit)
    {
        int fd = Processes.OpenPidFd(pid);
        if (fd < 0)
            return !Directory.Exists($"/proc/{pid.ToString(System.Globalization.CultureInfo.InvariantCulture)}");
        using SafeFileHandle process = new(fd, true);
        return await Task.Run(() => Poll(process, (int)limit.TotalMilliseconds)).ConfigureAwait(false);
    }

    // A descriptor of a process is readable from its end on.
    private static unsafe bool Poll(SafeFileHandle process, int milliseconds)
    {
        using FdLease lease = new(process);
        using SafeFileHandle epoll = new(Libc.EpollCreate1(0x80000), true);
        using FdLease epollLease = new(epoll);
        byte* settings = stackalloc byte[16];
        *(long*)settings = *(long*)(settings + 8) = 0;
        *(uint*)settings = Input;
        return Libc.EpollCtl(epollLease.Fd, 1, lease.Fd, settings) == 0 && Libc.EpollWait(epollLease.Fd, settings, 1, milliseconds) == 1;
    }
}

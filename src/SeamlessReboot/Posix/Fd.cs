using System.Globalization;
using System.Runtime.InteropServices;
using Microsoft.Win32.SafeHandles;

namespace SeamlessReboot.Posix;

/// <summary>File descriptors by number: their close-on-exec flag, which ones are open, and what they are.</summary>
internal static class Fd
{
    private const int GetFlags = 1, SetFlags = 2, CloseOnExecFlag = 1; // F_GETFD, F_SETFD, FD_CLOEXEC
    private const int GetStatus = 3, SetStatus = 4, NonBlocking = 0x800; // F_GETFL, F_SETFL, O_NONBLOCK
    private const int CloseRangeNumber = 436; // the same on every architecture
    private const nint CloseRangeCloseOnExec = 4;

    /// <summary>Null when the descriptor is not open.</summary>
    internal static bool? IsCloseOnExec(int fd)
    {
        int flags = Libc.Fcntl(fd, GetFlags, 0);
        return flags < 0 ? null : (flags & CloseOnExecFlag) != 0;
    }

    /// <returns>False when the descriptor is not open.</returns>
    internal static bool TrySetCloseOnExec(int fd, bool on) => Libc.Fcntl(fd, SetFlags, on ? CloseOnExecFlag : 0) == 0;

    /// <summary>
    /// Makes reads and writes wait again. .NET sets non-blocking on a socket at its first asynchronous call, the flag crosses the
    /// exec, and a new Socket object does not look: its synchronous calls would fail where they should wait.
    /// </summary>
    internal static void SetBlocking(int fd)
    {
        int flags = Libc.Fcntl(fd, GetStatus, 0);
        if (flags >= 0 && (flags & NonBlocking) != 0)
            _ = Libc.Fcntl(fd, SetStatus, flags & ~NonBlocking);
    }

    /// <summary>Whether an asynchronous call has been made on it: .NET sets non-blocking at the first.</summary>
    internal static bool IsNonBlocking(int fd) => Libc.Fcntl(fd, GetStatus, 0) is >= 0 and int flags && (flags & NonBlocking) != 0;

    /// <summary>Sets close-on-exec on every descriptor from <paramref name="first"/> up, in one call (Linux 5.11).</summary>
    /// <returns>False where the kernel, or a seccomp filter, does not have it.</returns>
    internal static bool TrySetCloseOnExecFrom(int first) =>
        Libc.Syscall(CloseRangeNumber, first, unchecked((nint)uint.MaxValue), CloseRangeCloseOnExec) == 0;

    /// <summary>The open descriptors, or null where there is no /proc.</summary>
    internal static List<int>? ListOpen()
    {
        try
        {
            List<int> open = [];
            foreach (string path in Directory.EnumerateFileSystemEntries("/proc/self/fd"))
                open.Add(int.Parse(Path.GetFileName(path.AsSpan()), NumberStyles.None, CultureInfo.InvariantCulture));
            return open;
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            return null;
        }
    }

    /// <summary>What the kernel calls the descriptor: a path, "socket:[123]", "pipe:[45]".</summary>
    internal static string Describe(int fd)
    {
        try
        {
            return new FileInfo($"/proc/self/fd/{fd}").LinkTarget ?? "unknown";
        }
        catch (IOException)
        {
            return "unknown";
        }
    }

    /// <summary>A duplicate that is closed by exec.</summary>
    internal static int Duplicate(SafeHandle handle)
    {
        const int DuplicateCloseOnExec = 1030; // F_DUPFD_CLOEXEC
        using FdLease lease = new(handle);
        int copy = Libc.Fcntl(lease.Fd, DuplicateCloseOnExec, 3);
        return copy >= 0 ? copy : throw SyscallException.Last("fcntl(F_DUPFD_CLOEXEC)");
    }

    /// <summary>The same; null when the descriptor is closed, or there is no room for one more.</summary>
    internal static SafeFileHandle? TryDuplicate(SafeHandle handle)
    {
        try
        {
            return new SafeFileHandle(Duplicate(handle), ownsHandle: true);
        }
        catch (Exception e) when (e is ObjectDisposedException or SyscallException)
        {
            return null;
        }
    }

    /// <summary>How many descriptors this process may have.</summary>
    internal static unsafe long Limit()
    {
        const int OpenFiles = 7; // RLIMIT_NOFILE
        ulong* limits = stackalloc ulong[2];
        return Libc.GetRLimit(OpenFiles, limits) == 0 ? (long)Math.Min(*limits, int.MaxValue) : int.MaxValue;
    }

    /// <summary>The number that the next descriptor is going to get.</summary>
    internal static int NextFree()
    {
        int fd = Libc.Socket(1, 0x80002, 0); // AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC
        if (fd < 0)
            return int.MaxValue;
        Close(fd);
        return fd;
    }

    internal static void Close(int fd) => _ = Libc.Close(fd);
}

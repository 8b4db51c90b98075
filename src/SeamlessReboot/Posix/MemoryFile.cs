using System.Globalization;
using System.Runtime.InteropServices;
using Microsoft.Win32.SafeHandles;

namespace SeamlessReboot.Posix;

/// <summary>A file in memory, without a name, that is gone with its last descriptor. Closed on exec until that is changed.</summary>
internal static class MemoryFile
{
    private const uint CloseOnExec = 1, AllowSealing = 2, NoExecute = 8; // MFD_CLOEXEC, MFD_ALLOW_SEALING, MFD_NOEXEC_SEAL
    private const int InvalidArgument = 22; // EINVAL
    private const int AddSeals = 1033, AllSeals = 0xF; // F_ADD_SEALS; F_SEAL_SEAL, _SHRINK, _GROW, _WRITE

    /// <exception cref="SyscallException">The kernel, or a seccomp filter, allows none.</exception>
    internal static SafeFileHandle Create(string name)
    {
        int fd = Libc.MemfdCreate(name, CloseOnExec | AllowSealing | NoExecute);
        if (fd < 0 && Marshal.GetLastPInvokeError() == InvalidArgument)
            fd = Libc.MemfdCreate(name, CloseOnExec | AllowSealing); // before Linux 6.3
        return fd >= 0 ? new SafeFileHandle(fd, true) : throw SyscallException.Last("memfd_create");
    }

    /// <summary>From here on nobody can change it, whoever opens it through /proc. Best effort: it is readable by this user's processes alone.</summary>
    internal static void Seal(SafeFileHandle file)
    {
        using FdLease lease = new(file);
        _ = Libc.Fcntl(lease.Fd, AddSeals, AllSeals);
    }

    /// <summary>Takes over one that came over an exec; closed on the next one.</summary>
    internal static SafeFileHandle Adopt(int fd)
    {
        Fd.TrySetCloseOnExec(fd, true);
        return new SafeFileHandle(fd, true);
    }

    /// <summary>How many bytes the machine can give without running out; very many where it does not tell.</summary>
    internal static long FreeBytes()
    {
        foreach (string line in ProcFile.Read("/proc/meminfo").Split('\n'))
            if (line.StartsWith("MemAvailable:", StringComparison.Ordinal)
                && long.TryParse(line.AsSpan(13).Trim().TrimEnd("kB").Trim(), NumberStyles.None, CultureInfo.InvariantCulture, out long kilobytes))
                return kilobytes * 1024;
        return long.MaxValue;
    }
}

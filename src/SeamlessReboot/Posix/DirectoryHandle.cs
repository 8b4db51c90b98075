using System.Runtime.InteropServices;
using Microsoft.Win32.SafeHandles;
using Mono.Unix.Native;

namespace SeamlessReboot.Posix;

/// <summary>
/// An open directory. Files are reached through it and not by path, so that nobody can put another directory, or a symlink,
/// in its place between two calls.
/// </summary>
internal sealed class DirectoryHandle : IDisposable
{
    // The same numbers on x64 and arm64, but for the two that differ.
    private static readonly bool _arm = RuntimeInformation.ProcessArchitecture == Architecture.Arm64;
    private static readonly int _noFollow = _arm ? 0x8000 : 0x20000, _directory = _arm ? 0x4000 : 0x10000;
    private const int ReadWrite = 2, Create = 0x40, Exclusive = 0x80, CloseOnExec = 0x80000;
    private const int CurrentDirectory = -100; // AT_FDCWD
    private const int NoSuchFile = 2, WouldBlock = 11, Exists = 17; // ENOENT, EWOULDBLOCK, EEXIST
    private const int LockExclusive = 2, LockNoWait = 4;

    private DirectoryHandle(SafeFileHandle handle) => Handle = handle;

    internal SafeFileHandle Handle { get; }

    /// <summary>Opens a directory that exists; a symlink in its last part is refused.</summary>
    internal static DirectoryHandle Open(string path)
    {
        int fd = Libc.OpenAt(CurrentDirectory, path, _directory | _noFollow | CloseOnExec, 0);
        return fd >= 0 ? new DirectoryHandle(new SafeFileHandle(fd, true)) : throw SyscallException.Last($"open(\"{path}\")");
    }

    /// <summary>Takes over a descriptor that came over an exec.</summary>
    internal static DirectoryHandle Adopt(int fd) => new(new SafeFileHandle(fd, true));

    /// <summary>Creates the directory for this user alone, and those above it as the umask says.</summary>
    internal static void CreatePrivate(string path) =>
        Directory.CreateDirectory(path, UnixFileMode.UserRead | UnixFileMode.UserWrite | UnixFileMode.UserExecute);

    /// <summary>Creates the directory for this user alone, if there is nothing of its name; those above it have to be there.</summary>
    /// <returns>True when it was created, false when there is something already, null when the place will not do.</returns>
    internal static bool? TryCreatePrivate(string path) =>
        Libc.MkDirAt(CurrentDirectory, path, 0x1C0) == 0 ? true : Marshal.GetLastPInvokeError() == Exists ? false : null;

    /// <summary>Owner and permission bits.</summary>
    internal (uint Owner, int Mode) Ownership()
    {
        using FdLease lease = new(Handle);
        if (Syscall.fstat(lease.Fd, out Stat stat) != 0)
            throw SyscallException.Last("fstat");
        return (stat.st_uid, (int)(stat.st_mode & FilePermissions.ALLPERMS));
    }

    /// <summary>Whether the directory has been removed: nothing can be made in it any more, not even if there is a new one of its name.</summary>
    internal bool IsRemoved()
    {
        using FdLease lease = new(Handle);
        return Syscall.fstat(lease.Fd, out Stat stat) == 0 && stat.st_nlink == 0;
    }

    /// <summary>Whether the path leads to this directory.</summary>
    internal bool IsAt(string path)
    {
        using FdLease lease = new(Handle);
        return Syscall.fstat(lease.Fd, out Stat mine) == 0 && Syscall.stat(path, out Stat theirs) == 0
            && mine.st_dev == theirs.st_dev && mine.st_ino == theirs.st_ino;
    }

    internal static uint CurrentUser() => Syscall.geteuid();

    /// <summary>Bytes that this user may still write on the directory's file system.</summary>
    internal long FreeBytes()
    {
        using FdLease lease = new(Handle);
        if (Syscall.fstatvfs(lease.Fd, out Statvfs info) != 0)
            throw SyscallException.Last("fstatvfs");
        // A tmpfs without a limit has no blocks to count.
        return info.f_blocks == 0 ? long.MaxValue : (long)Math.Min((ulong)long.MaxValue, info.f_bavail * info.f_frsize);
    }

    /// <summary>Locks the directory for this process and those it shares the descriptor with.</summary>
    internal LockResult TryLock()
    {
        using FdLease lease = new(Handle);
        if (Libc.Flock(lease.Fd, LockExclusive | LockNoWait) == 0)
            return LockResult.Taken;
        return Marshal.GetLastPInvokeError() == WouldBlock ? LockResult.HeldByAnother : LockResult.NoLocks;
    }

    /// <summary>A new file, mode 0600; fails if the name is taken, by a symlink too.</summary>
    internal SafeFileHandle CreateFile(string name)
    {
        using FdLease lease = new(Handle);
        int fd = Libc.OpenAt(lease.Fd, name, ReadWrite | Create | Exclusive | _noFollow | CloseOnExec, 0x180);
        return fd >= 0 ? new SafeFileHandle(fd, true) : throw SyscallException.Last($"openat(\"{name}\")");
    }

    /// <summary>Null when there is no such file.</summary>
    internal SafeFileHandle? OpenFile(string name, bool write = false)
    {
        using FdLease lease = new(Handle);
        int fd = Libc.OpenAt(lease.Fd, name, (write ? ReadWrite : 0) | _noFollow | CloseOnExec, 0);
        if (fd >= 0)
            return new SafeFileHandle(fd, true);
        // Asked first: to put the failure into words takes a millisecond, and that there is no such file is none.
        return Marshal.GetLastPInvokeError() == NoSuchFile ? null : throw SyscallException.Last($"openat(\"{name}\")");
    }

    internal void Rename(string from, string to)
    {
        using FdLease lease = new(Handle);
        if (Libc.RenameAt(lease.Fd, from, lease.Fd, to) != 0)
            throw SyscallException.Last($"renameat(\"{from}\", \"{to}\")");
    }

    /// <returns>False when there was none.</returns>
    internal bool Delete(string name)
    {
        using FdLease lease = new(Handle);
        return Libc.UnlinkAt(lease.Fd, name, 0) == 0;
    }

    public void Dispose() => Handle.Dispose();
}

using System.Globalization;
using System.Runtime.InteropServices;
using Mono.Unix.Native;
using SeamlessReboot.Posix;

namespace SeamlessReboot.Angel.Posix;

/// <summary>
/// What a name leads to, held without being opened (O_PATH): a device does nothing, a FIFO waits for nobody, and what has been checked is what is
/// opened, whatever the name leads to by then.
/// </summary>
internal sealed class Node : IDisposable
{
    internal const int ReadOnly = 0, ReadWrite = 2, Append = 0x401; // O_RDONLY, O_RDWR, O_WRONLY | O_APPEND

    private const int CurrentDirectory = -100, PathOnly = 0x200000, CloseOnExec = 0x80000, NoTerminal = 0x100; // AT_FDCWD, O_PATH, O_CLOEXEC, O_NOCTTY
    private readonly Stat _stat;

    private Node(int fd, Stat stat)
    {
        Fd = fd;
        _stat = stat;
    }

    internal int Fd { get; }

    internal uint Owner => _stat.st_uid;

    internal FilePermissions Mode => _stat.st_mode & FilePermissions.ALLPERMS;

    internal FileIdentity Identity => new(_stat.st_dev, _stat.st_ino);

    internal bool IsFile => Kind == FilePermissions.S_IFREG;

    internal bool IsDirectory => Kind == FilePermissions.S_IFDIR;

    internal bool IsSymlink => Kind == FilePermissions.S_IFLNK;

    internal bool IsSocket => Kind == FilePermissions.S_IFSOCK;

    /// <summary>In how many directories it has a name.</summary>
    internal ulong Names => (ulong)_stat.st_nlink;

    /// <summary>A path to exactly this, for calls that take no descriptor of this kind.</summary>
    internal string Link => string.Create(CultureInfo.InvariantCulture, $"/proc/self/fd/{Fd}");

    /// <summary>What it is, for people.</summary>
    internal string Word => Kind switch
    {
        FilePermissions.S_IFREG => "a file",
        FilePermissions.S_IFDIR => "a directory",
        FilePermissions.S_IFLNK => "a symlink",
        FilePermissions.S_IFIFO => "a FIFO",
        FilePermissions.S_IFSOCK => "a socket",
        _ => "a device",
    };

    private FilePermissions Kind => _stat.st_mode & FilePermissions.S_IFMT;

    /// <returns>Null when there is no such name, or when the way to it is closed to this user.</returns>
    internal static Node? Find(string path, bool followLink = false) => TryOpen(CurrentDirectory, path, followLink, out _);

    /// <returns>Null when the system does not let it be found; then <paramref name="errno"/> says why.</returns>
    internal static Node? Find(string path, out int errno) => TryOpen(CurrentDirectory, path, followLink: false, out errno);

    /// <returns>Null when there is no such name.</returns>
    /// <exception cref="SyscallException">The system does not say.</exception>
    internal static Node? Find(int directory, string name) =>
        TryOpen(directory, name, followLink: false, out int errno) ?? (errno == (int)Errno.ENOENT ? null : throw new SyscallException($"open(\"{name}\")", errno));

    /// <summary>Opens it; closed by exec.</summary>
    /// <param name="access">One of the constants here.</param>
    /// <exception cref="SyscallException">The system refuses it.</exception>
    internal int Open(int access)
    {
        int fd = Libc.OpenAt(CurrentDirectory, Link, access | CloseOnExec | NoTerminal, 0);
        return fd >= 0 ? fd : throw SyscallException.Last("open");
    }

    public void Dispose() => SeamlessReboot.Posix.Fd.Close(Fd);

    private static Node? TryOpen(int directory, string name, bool followLink, out int errno)
    {
        int fd = Libc.OpenAt(directory, name, PathOnly | CloseOnExec | (followLink ? 0 : AngelLibc.NoFollow), 0);
        errno = fd < 0 ? Marshal.GetLastPInvokeError() : 0;
        if (fd < 0)
            return null;
        if (Syscall.fstat(fd, out Stat stat) == 0)
            return new Node(fd, stat);
        errno = Marshal.GetLastPInvokeError();
        SeamlessReboot.Posix.Fd.Close(fd);
        return null;
    }
}

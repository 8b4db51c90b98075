using System.Globalization;
using System.Runtime.InteropServices;
using System.Text;
using Mono.Unix.Native;
using SeamlessReboot.Posix;

namespace SeamlessReboot.Angel.Posix;

/// <summary>
/// The directory that something of the angel's is in, held open, and its name there. Everything is done through that descriptor, so nobody can put
/// another directory in its place between two calls; and the way to it follows no symlink but root's and this user's own.
/// </summary>
internal sealed unsafe class Place : IDisposable
{
    private const int Create = 0x40, Exclusive = 0x80, CloseOnExec = 0x80000, NoTerminal = 0x100; // O_CREAT, O_EXCL, O_CLOEXEC, O_NOCTTY
    private const int MostLinks = 40, LongestLink = 4096; // as the kernel
    private const FilePermissions OthersWrite = FilePermissions.S_IWGRP | FilePermissions.S_IWOTH;
    private readonly Node _directory;
    private readonly string _path, _name;

    private Place(Node directory, string path, string? weak)
    {
        _directory = directory;
        _path = path;
        _name = Path.GetFileName(path);
        Weak = weak;
    }

    /// <summary>The directory is root's, and not everybody may write there.</summary>
    internal bool IsRoots => _directory.Owner == 0 && (_directory.Mode & FilePermissions.S_IWOTH) == 0;

    /// <summary>The first directory of the path in which others than root and this user may rename what is there; null where there is none.</summary>
    internal string? Weak { get; }

    /// <summary>Only root can change what the path leads to.</summary>
    internal bool IsRootsAlone => IsRoots && Weak is null;

    /// <param name="path">Absolute.</param>
    /// <param name="make">Whether to make the directories that are missing on the way, where nobody else could replace them.</param>
    /// <exception cref="IOException">The way to it does not exist, is closed to this user, or leads over another user's symlink.</exception>
    internal static Place Find(string path, bool make = false)
    {
        path = Path.TrimEndingDirectorySeparator(path);
        Stack<string> way = new();
        Push(way, Path.GetDirectoryName(path) ?? throw new IOException($"'{path}' is no name of a file"));
        Node at = Root();
        string? weak = null;
        StringBuilder walked = new();
        try
        {
            for (int links = 0; way.TryPop(out string? part);)
            {
                if (weak is null && !IsSafe(at))
                    weak = walked.Length == 0 ? "/" : walked.ToString();
                Node next = Next(at, part, path, make);
                if (next.IsSymlink)
                {
                    using Node link = next;
                    if (!IsOurs(link))
                        throw new IOException($"'{path}' leads over '{walked}/{part}', a symlink of user {Text(link.Owner)}. Name the file by its real path");
                    if (link.Names > 1 && !IsOursAlone(at))
                        throw new IOException($"'{path}' leads over '{walked}/{part}', where somebody may have linked another's symlink. Name the file by its real path");
                    if (++links > MostLinks)
                        throw new SyscallException($"open(\"{path}\")", (int)Errno.ELOOP);
                    string target = Target(link);
                    Push(way, target);
                    if (!target.StartsWith('/'))
                        continue;
                    Node root = Root();
                    at.Dispose();
                    at = root;
                    walked.Clear();
                    continue;
                }

                at.Dispose();
                at = next;
                walked.Append('/').Append(part);
                if (!at.IsDirectory)
                    throw new SyscallException($"open(\"{path}\")", (int)Errno.ENOTDIR);
            }

            return new Place(at, path, weak ?? (IsSafe(at) ? null : Path.GetDirectoryName(path)));
        }
        catch
        {
            at.Dispose();
            throw;
        }
    }

    /// <summary>
    /// Opens the file, or makes it. One that is there has to be a plain file with no second name, and root's, this user's or <paramref name="user"/>'s.
    /// Closed by exec.
    /// </summary>
    /// <param name="access">One of <see cref="Node"/>'s constants.</param>
    /// <param name="mode">The permissions of a new file.</param>
    /// <param name="user">Whom the file may belong to as well.</param>
    /// <param name="isNew">This call has made it.</param>
    /// <exception cref="IOException">With the path and what to do.</exception>
    internal int OpenFile(int access, uint mode, uint user, out bool isNew)
    {
        while (true)
        {
            int fd = Libc.OpenAt(_directory.Fd, _name, access | Create | Exclusive | CloseOnExec | NoTerminal | AngelLibc.NoFollow, mode);
            int errno = fd < 0 ? Marshal.GetLastPInvokeError() : 0;
            isNew = fd >= 0;
            if (isNew)
                return fd;
            if (errno != (int)Errno.EEXIST)
                throw new SyscallException($"open(\"{_path}\")", errno);
            using Node? found = Find();
            if (found is null)
                continue; // removed meanwhile
            if (!found.IsFile)
                throw new IOException($"'{_path}' is {found.Word}, not a plain file. Name another file, or remove it");
            if (found.Names > 1)
                throw new IOException($"'{_path}' is a hard link: the file has other names too. Name another file, or remove this link");
            CheckOwner(found, user);
            try
            {
                return found.Open(access);
            }
            catch (SyscallException e)
            {
                throw new SyscallException($"open(\"{_path}\")", e.Errno);
            }
        }
    }

    /// <exception cref="IOException">It is neither root's, nor this user's, nor <paramref name="user"/>'s.</exception>
    internal void CheckOwner(Node found, uint user)
    {
        if (!IsOurs(found) && found.Owner != user)
            throw new IOException($"'{_path}' belongs to user {Text(found.Owner)}. Name another file, or remove it");
    }

    /// <summary>What is there now; null when there is nothing.</summary>
    internal Node? Find()
    {
        try
        {
            return Node.Find(_directory.Fd, _name);
        }
        catch (SyscallException e)
        {
            throw new SyscallException($"open(\"{_path}\")", e.Errno);
        }
    }

    /// <summary>Whether the name still leads to the file behind the descriptor.</summary>
    internal bool LeadsTo(int fd) => Syscall.fstat(fd, out Stat stat) == 0 && LeadsTo(new FileIdentity(stat.st_dev, stat.st_ino));

    /// <summary>Removes the name, if it still leads to that.</summary>
    /// <returns>False when it is still there, because the directory does not let this user remove it.</returns>
    internal bool Remove(FileIdentity what)
    {
        try
        {
            return !LeadsTo(what) || Libc.UnlinkAt(_directory.Fd, _name, 0) == 0;
        }
        catch (SyscallException)
        {
            return false;
        }
    }

    /// <summary>Removes the name, if it still leads to the file behind the descriptor.</summary>
    /// <returns>As above.</returns>
    internal bool Remove(int fd) => Syscall.fstat(fd, out Stat stat) != 0 || Remove(new FileIdentity(stat.st_dev, stat.st_ino));

    /// <summary>Makes a directory for this user alone.</summary>
    /// <returns>False when there is something of that name.</returns>
    internal bool MakeDirectory()
    {
        if (Libc.MkDirAt(_directory.Fd, _name, 0x1C0) == 0)
            return true;
        int errno = Marshal.GetLastPInvokeError();
        return errno == (int)Errno.EEXIST ? false : throw new SyscallException($"mkdir(\"{_path}\")", errno);
    }

    /// <summary>Opens the directory of that name; a symlink fails with ENOTDIR or ELOOP.</summary>
    internal DirectoryHandle OpenDirectory()
    {
        int fd = Libc.OpenAt(_directory.Fd, _name, AngelLibc.Directory | AngelLibc.NoFollow | CloseOnExec, 0);
        return fd >= 0 ? DirectoryHandle.Adopt(fd) : throw SyscallException.Last($"open(\"{_path}\")");
    }

    public void Dispose() => _directory.Dispose();

    private bool LeadsTo(FileIdentity what)
    {
        using Node? found = Node.Find(_directory.Fd, _name);
        return found?.Identity == what;
    }

    // Its owner, and whoever may write in it without the sticky bit, can give a name in it to something else.
    private static bool IsSafe(Node directory) => IsOursAlone(directory) || (IsOurs(directory) && (directory.Mode & FilePermissions.S_ISVTX) != 0);

    private static bool IsOursAlone(Node directory) => IsOurs(directory) && (directory.Mode & OthersWrite) == 0;

    private static bool IsOurs(Node node) => node.Owner == 0 || node.Owner == DirectoryHandle.CurrentUser();

    private static Node Next(Node at, string part, string path, bool make)
    {
        try
        {
            if (Node.Find(at.Fd, part) is Node found)
                return found;
            if (make && IsSafe(at) && Libc.MkDirAt(at.Fd, part, 0x1ED) == 0 && Node.Find(at.Fd, part) is Node made)
                return made;
            throw new SyscallException("open", (int)Errno.ENOENT);
        }
        catch (SyscallException e)
        {
            throw new SyscallException($"open(\"{path}\")", e.Errno);
        }
    }

    private static Node Root() => Node.Find("/") ?? throw new IOException("'/' cannot be opened");

    private static void Push(Stack<string> way, string path)
    {
        string[] parts = path.Split('/', StringSplitOptions.RemoveEmptyEntries);
        for (int i = parts.Length - 1; i >= 0; i--)
            if (parts[i] != ".")
                way.Push(parts[i]);
    }

    private static string Target(Node link)
    {
        byte* text = stackalloc byte[LongestLink];
        nint length = AngelLibc.ReadLinkAt(link.Fd, "", text, LongestLink);
        return length >= 0 ? Encoding.UTF8.GetString(text, (int)length) : throw SyscallException.Last("readlink");
    }

    private static string Text(uint user) => user.ToString(CultureInfo.InvariantCulture);
}

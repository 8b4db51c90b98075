using System.Globalization;
using System.Text;
using Mono.Unix.Native;
using SeamlessReboot.Angel.Descriptors;
using SeamlessReboot.Posix;

namespace SeamlessReboot.Angel.Discovery;

/// <summary>
/// Where an angel's sockets, lock and log are: a directory that only its user can enter. A user who could write there could pose as the angel or
/// as its server, so a directory that belongs to another user, or that others can enter, is refused.
/// </summary>
internal static class RuntimeDirectory
{
    internal const string ControlSocket = "control", PidFile = "angel.pid", LogFile = "angel.log";

    /// <summary>The name that may get longest of the sockets there: all of them have to fit.</summary>
    private const string LongestSocket = "control.";

    /// <summary>What --runtime-dir is when it is not given.</summary>
    internal static string Default(string name, uint user) => Path.Combine(DefaultBase(user), Folder(user), name);

    internal static string Folder(uint user) => string.Create(CultureInfo.InvariantCulture, $"seamless-angel-{user}");

    /// <summary>Where the folder of all of a user's angels is made.</summary>
    internal static string DefaultBase(uint user)
    {
        // systemd gives a list where the unit names several.
        string? own = Environment.GetEnvironmentVariable("RUNTIME_DIRECTORY")?.Split(':')[0];
        if (!string.IsNullOrEmpty(own) && Path.IsPathRooted(own))
            return own;
        string? session = Environment.GetEnvironmentVariable("XDG_RUNTIME_DIR");
        // An angel that switches to another user must not live in root's own session.
        if (!string.IsNullOrEmpty(session) && Path.IsPathRooted(session) && user == DirectoryHandle.CurrentUser())
            return session;
        return DirectoryHandle.CurrentUser() == 0 ? "/run" : "/tmp";
    }

    /// <summary>Makes the directory, or checks the one that is there.</summary>
    /// <param name="path">Absolute.</param>
    /// <param name="user">Its owner; only root can give it to another user.</param>
    /// <param name="group">That user's group.</param>
    /// <exception cref="AngelException">It is not safe, too long for a socket's path, or cannot be made.</exception>
    internal static void Create(string path, uint user, uint group)
    {
        int bytes = Encoding.UTF8.GetByteCount(Path.Combine(path, LongestSocket));
        if (bytes > ListenUri.LongestPath)
            throw new AngelException(ExitCodes.Usage,
                $"the runtime directory '{path}' is {bytes - ListenUri.LongestPath} bytes too long: the kernel takes paths of unix sockets up to {ListenUri.LongestPath} bytes. Give a shorter one with --runtime-dir, or a shorter --name.");
        try
        {
            string parent = Path.GetDirectoryName(path)!;
            if (Path.GetFileName(parent) == Folder(user))
                CreateOne(parent, user, group);
            CreateOne(path, user, group);
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            throw new AngelException(ExitCodes.SystemTrouble, $"the runtime directory '{path}' cannot be made: {e.Message} Give another one with --runtime-dir.", e);
        }
    }

    /// <summary>Whether it is a directory of that user, where nobody else can write.</summary>
    internal static bool IsTrusted(string path, uint owner) =>
        Syscall.lstat(path, out Stat stat) == 0 && (stat.st_mode & FilePermissions.S_IFMT) == FilePermissions.S_IFDIR
        && stat.st_uid == owner && (stat.st_mode & (FilePermissions.S_IWGRP | FilePermissions.S_IWOTH)) == 0;

    private static void CreateOne(string path, uint user, uint group)
    {
        uint caller = DirectoryHandle.CurrentUser();
        if (Syscall.lstat(path, out _) != 0)
            DirectoryHandle.CreatePrivate(path);
        using DirectoryHandle directory = OpenOne(path);
        (uint owner, int mode) = directory.Ownership();
        if (owner != user && owner != caller)
            throw new AngelException(ExitCodes.SystemTrouble,
                $"'{path}' belongs to user {owner}, not to user {user}. Whoever owns it could pose as the angel: remove it, or give another directory with --runtime-dir.");
        if ((mode & 0x3F) != 0) // 077
            throw new AngelException(ExitCodes.SystemTrouble,
                $"'{path}' can be entered by users other than its owner (mode {Convert.ToString(mode, 8)}). \"chmod 700 {path}\" if it is for the angel alone, or name a directory with --runtime-dir that does not exist yet.");
        if (owner == user)
            return;
        using FdLease lease = new(directory.Handle);
        if (Syscall.fchown(lease.Fd, user, group) != 0)
            throw SyscallException.Last($"chown(\"{path}\")");
    }

    private static DirectoryHandle OpenOne(string path)
    {
        try
        {
            return DirectoryHandle.Open(path);
        }
        catch (SyscallException e) when (e.Errno is (int)Errno.ELOOP or (int)Errno.ENOTDIR)
        {
            throw new AngelException(ExitCodes.SystemTrouble,
                $"'{path}' is a symlink or a file, not a directory. Remove it, or give another directory with --runtime-dir.", e);
        }
    }
}

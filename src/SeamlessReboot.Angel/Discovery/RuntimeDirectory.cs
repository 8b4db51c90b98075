using System.Globalization;
using System.Text;
using Mono.Unix.Native;
using SeamlessReboot.Angel.Daemon;
using SeamlessReboot.Angel.Descriptors;
using SeamlessReboot.Angel.Posix;
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
        if (IsUsable(own, user))
            return own!;
        string? session = Environment.GetEnvironmentVariable("XDG_RUNTIME_DIR");
        // An angel that switches to another user must not live in root's own session.
        if (IsUsable(session, user) && user == DirectoryHandle.CurrentUser())
            return session!;
        return DirectoryHandle.CurrentUser() == 0 ? "/run" : "/tmp";
    }

    // sudo -E and su leave root with the variables of the user who typed it: his directory is not for root.
    private static bool IsUsable(string? path, uint user) =>
        !string.IsNullOrEmpty(path) && Path.IsPathRooted(path)
        && (Syscall.stat(path, out Stat stat) != 0 || stat.st_uid == 0 || stat.st_uid == user || stat.st_uid == DirectoryHandle.CurrentUser());

    /// <summary>
    /// Makes the directory, or checks the one that is there. Root makes one for another user only where nobody but root can rename it; the rest is
    /// left to that user, who calls this again.
    /// </summary>
    /// <param name="path">Absolute.</param>
    /// <param name="user">Its owner; only root can make one for another user.</param>
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
        catch (IOException e)
        {
            throw new AngelException(ExitCodes.SystemTrouble, $"the runtime directory '{path}' cannot be made: {e.Message}. Give another one with --runtime-dir.", e);
        }
    }

    /// <summary>Makes the directory for the user that this process is, or checks the one that is there, and opens it.</summary>
    /// <exception cref="AngelException">As <see cref="Create"/>.</exception>
    internal static DirectoryHandle Open(string path)
    {
        User user = User.Current();
        Create(path, user.Id, user.Group);
        try
        {
            using Place place = Place.Find(path);
            return place.OpenDirectory();
        }
        catch (IOException e)
        {
            throw new AngelException(ExitCodes.SystemTrouble, $"the runtime directory '{path}' cannot be opened: {e.Message}. Give another one with --runtime-dir.", e);
        }
    }

    /// <summary>Whether it is a directory of that user, where nobody else can write.</summary>
    internal static bool IsTrusted(string path, uint owner) =>
        Syscall.lstat(path, out Stat stat) == 0 && (stat.st_mode & FilePermissions.S_IFMT) == FilePermissions.S_IFDIR
        && stat.st_uid == owner && (stat.st_mode & (FilePermissions.S_IWGRP | FilePermissions.S_IWOTH)) == 0;

    private static void CreateOne(string path, uint user, uint group)
    {
        uint caller = DirectoryHandle.CurrentUser();
        using Place? place = FindPlace(path, isOthers: user != caller);
        if (place is null || (user != caller && !place.IsRootsAlone))
            return;
        if (caller == 0 && place.Weak is string weak)
            throw new AngelException(ExitCodes.SystemTrouble,
                $"'{path}' could be replaced by those who may write in '{weak}', who could then pose as the angel of root. Name a runtime directory in a directory of root's with --runtime-dir, or start the angel with --user.");
        bool isNew = place.MakeDirectory();
        using DirectoryHandle directory = OpenOne(place, path);
        (uint owner, int mode) = directory.Ownership();
        if (isNew && owner == caller && user != caller)
        {
            using FdLease lease = new(directory.Handle);
            if (Syscall.fchown(lease.Fd, user, group) != 0)
                throw SyscallException.Last($"chown(\"{path}\")");
            owner = user;
        }

        if (owner != user)
            throw new AngelException(ExitCodes.SystemTrouble,
                $"'{path}' belongs to user {owner}, not to user {user}. Whoever owns it could pose as the angel: remove it, or give another directory with --runtime-dir.");
        if ((mode & 0x3F) != 0) // 077
            throw new AngelException(ExitCodes.SystemTrouble,
                $"'{path}' can be entered by users other than its owner (mode {Convert.ToString(mode, 8)}). \"chmod 700 {path}\" if it is for the angel alone, or name a directory with --runtime-dir that does not exist yet.");
    }

    private static Place? FindPlace(string path, bool isOthers)
    {
        try
        {
            return Place.Find(path, make: true);
        }
        catch (SyscallException e) when (isOthers && e.Errno == (int)Errno.ENOENT)
        {
            return null; // on the way is a directory of that user's, who makes what is missing
        }
    }

    private static DirectoryHandle OpenOne(Place place, string path)
    {
        try
        {
            return place.OpenDirectory();
        }
        catch (SyscallException e) when (e.Errno is (int)Errno.ELOOP or (int)Errno.ENOTDIR)
        {
            throw new AngelException(ExitCodes.SystemTrouble,
                $"'{path}' is a symlink or a file, not a directory. Remove it, or give another directory with --runtime-dir.", e);
        }
    }
}

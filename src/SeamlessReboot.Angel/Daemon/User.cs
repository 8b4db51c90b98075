using System.Globalization;
using Mono.Unix.Native;
using SeamlessReboot.Angel.Posix;
using SeamlessReboot.Posix;

namespace SeamlessReboot.Angel.Daemon;

/// <summary>A user of the system, and becoming it.</summary>
internal sealed record User(string Login, uint Id, uint Group, string Home)
{
    /// <summary>The user that this process is.</summary>
    internal static User Current()
    {
        uint id = DirectoryHandle.CurrentUser();
        return Of(Syscall.getpwuid(id)) ?? new User(id.ToString(CultureInfo.InvariantCulture), id, Syscall.getegid(), "/");
    }

    /// <returns>Null when the system has no such user.</returns>
    internal static User? Find(string login) => Of(Syscall.getpwnam(login));

    /// <summary>The variables that name the user.</summary>
    internal IReadOnlyDictionary<string, string> Variables() =>
        new Dictionary<string, string> { ["HOME"] = Home, ["USER"] = Login, ["LOGNAME"] = Login };

    /// <summary>Becomes this user in every thread, with the groups that it is in; there is no way back.</summary>
    /// <exception cref="AngelException">The system refused.</exception>
    internal void Become()
    {
        // The groups first: only root may set them.
        Check(AngelLibc.InitGroups(Login, Group), "initgroups");
        Check(Syscall.setgid(Group), "setgid");
        Check(Syscall.setuid(Id), "setuid");
        if (Id != 0 && Syscall.setuid(0) == 0)
            throw new AngelException(ExitCodes.SystemTrouble, $"the angel became '{Login}' and could become root again, so it does not run.");
        // The kernel has hidden /proc/self from us, because our memory could have held root's secrets; the angel reads it.
        const int SetDumpable = 4; // PR_SET_DUMPABLE
        _ = AngelLibc.Prctl(SetDumpable, 1, 0, 0, 0);
    }

    private void Check(int result, string call)
    {
        if (result == 0)
            return;
        SyscallException failure = SyscallException.Last(call);
        throw new AngelException(ExitCodes.SystemTrouble, $"the angel cannot become '{Login}': {failure.Message}.", failure);
    }

    private static User? Of(Passwd? entry) => entry is null ? null : new User(entry.pw_name, entry.pw_uid, entry.pw_gid, entry.pw_dir);
}

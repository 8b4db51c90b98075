using System.Globalization;
using SeamlessReboot.Angel.Posix;
using SeamlessReboot.Posix;

namespace SeamlessReboot.Angel.Daemon;

/// <summary>The processes of a session: a daemon, and what it has started.</summary>
internal static class Session
{
    private const int Kill = 9;

    /// <summary>Kills all of them, also those that are started meanwhile.</summary>
    internal static void KillAll(int session)
    {
        // Each round finds what the processes killed in the one before had started last.
        for (int round = 0; round < 10 && Members(session) is { Count: > 0 } members; round++)
            foreach (int pid in members)
                _ = AngelLibc.Kill(pid, Kill);
    }

    /// <summary>Those that run; zombies are left out.</summary>
    internal static List<int> Members(int session)
    {
        List<int> members = [];
        foreach (string directory in Directory.EnumerateDirectories("/proc"))
            if (int.TryParse(Path.GetFileName(directory.AsSpan()), NumberStyles.None, CultureInfo.InvariantCulture, out int pid)
                && IsMember(ProcFile.Read(directory + "/stat"), session))
                members.Add(pid);
        return members;
    }

    // proc_pid_stat(5): after the name, which may hold anything, come state, parent, group, session.
    private static bool IsMember(string stat, int session)
    {
        int name = stat.LastIndexOf(')');
        if (name < 0)
            return false;
        string[] fields = stat[(name + 1)..].Split(' ', StringSplitOptions.RemoveEmptyEntries);
        return fields.Length > 3 && fields[0] is not ("Z" or "X") && fields[3] == session.ToString(CultureInfo.InvariantCulture);
    }
}

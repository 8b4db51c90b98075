using System.Globalization;
using System.Runtime.InteropServices;
using SeamlessReboot.Posix;

namespace SeamlessReboot.Angel.Posix;

/// <summary>What the kernel does for a supervisor of processes: signals, groups, and which have ended.</summary>
internal static unsafe class Processes
{
    private const int All = 0, Exited = 4, NoHang = 1, NoWait = 0x0100_0000; // P_ALL, WEXITED, WNOHANG, WNOWAIT
    private const int InfoSize = 128, InfoPid = 16; // siginfo_t, 64 bits
    private const int SetChildSubreaper = 36;
    private const int PidFdOpenNumber = 434; // the same on every architecture

    /// <summary>A child that has ended and is not reaped yet: the kernel cannot give its PID, or its group's, to another process.</summary>
    internal static int? NextEnded()
    {
        byte* info = stackalloc byte[InfoSize];
        new Span<byte>(info, InfoSize).Clear();
        int pid = AngelLibc.WaitId(All, 0, info, Exited | NoHang | NoWait) == 0 ? *(int*)(info + InfoPid) : 0;
        return pid == 0 ? null : pid;
    }

    /// <returns>Null when it is not our child, or has not ended.</returns>
    internal static ExitStatus? Reap(int pid)
    {
        int status;
        return AngelLibc.WaitPid(pid, &status, NoHang) == pid ? ExitStatus.FromWait(status) : null;
    }

    /// <returns>False when there is no such process.</returns>
    internal static bool Send(int pid, int signal) => pid > 1 && AngelLibc.Kill(pid, signal) == 0;

    /// <returns>False when the group is empty.</returns>
    internal static bool SendGroup(int group, int signal) => group > 1 && AngelLibc.Kill(-group, signal) == 0;

    /// <summary>Whether a descendant of this process is in the group.</summary>
    internal static bool HasDescendantIn(int group)
    {
        foreach (string directory in Directory.EnumerateDirectories("/proc"))
            if (int.TryParse(Path.GetFileName(directory.AsSpan()), NumberStyles.None, CultureInfo.InvariantCulture, out int pid) && GroupOf(pid) == group && IsDescendant(pid))
                return true;
        return false;
    }

    internal static int GroupOf(int pid) => AngelLibc.GetGroup(pid);

    /// <summary>Makes this process the parent of descendants that lose theirs. PID 1 is that already.</summary>
    internal static bool BecomeSubreaper() => Environment.ProcessId == 1 || AngelLibc.Prctl(SetChildSubreaper, 1, 0, 0, 0) == 0;

    internal static bool IsDescendant(int pid)
    {
        for (int steps = 0; pid > 0 && steps < 1000; steps++)
        {
            pid = ParentOf(pid);
            if (pid == Environment.ProcessId)
                return true;
        }

        return false;
    }

    /// <summary>A descriptor that is readable once the process has ended. -1 where the kernel has none.</summary>
    internal static int OpenPidFd(int pid) => (int)Libc.Syscall(PidFdOpenNumber, pid, 0, 0);

    /// <summary>Whether it has ended, or has been reaped even.</summary>
    internal static bool HasEnded(int pid)
    {
        string stat = ProcFile.Read(string.Create(CultureInfo.InvariantCulture, $"/proc/{pid}/stat"));
        return stat.Length == 0 || stat[stat.LastIndexOf(')') + 2] is 'Z' or 'X';
    }

    internal static string? RealPath(string path)
    {
        byte* real = AngelLibc.RealPath(path, null);
        if (real is null)
            return null;
        string text = Marshal.PtrToStringUTF8((nint)real)!;
        AngelLibc.Free(real);
        return text;
    }

    /// <returns>0 when it has none that can be seen.</returns>
    // Field 4 of proc_pid_stat(5).
    internal static int ParentOf(int pid)
    {
        string stat = ProcFile.Read(string.Create(CultureInfo.InvariantCulture, $"/proc/{pid}/stat"));
        int end = stat.LastIndexOf(')');
        return end < 0 ? 0 : int.Parse(stat[(end + 2)..].Split(' ')[1], NumberStyles.AllowLeadingSign, CultureInfo.InvariantCulture);
    }
}

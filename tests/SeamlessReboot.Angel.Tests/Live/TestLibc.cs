using System.Runtime.InteropServices;

namespace SeamlessReboot.Angel.Tests.Live;

internal static unsafe partial class TestLibc
{
    [LibraryImport("libc", EntryPoint = "kill", SetLastError = true)]
    internal static partial int Kill(int pid, int signal);

    /// <summary>Sets the soft limit of open files of a process; it never needs a privilege to lower it, or to raise it to the hard one.</summary>
    internal static void SetOpenFiles(int pid, ulong soft)
    {
        const int OpenFiles = 7; // RLIMIT_NOFILE
        ulong* limit = stackalloc ulong[2];
        if (GetOrSetLimit(pid, OpenFiles, null, limit) != 0)
            throw new InvalidOperationException("prlimit");
        limit[0] = Math.Min(soft, limit[1]);
        if (GetOrSetLimit(pid, OpenFiles, limit, null) != 0)
            throw new InvalidOperationException("prlimit");
    }

    [LibraryImport("libc", EntryPoint = "prlimit", SetLastError = true)]
    private static partial int GetOrSetLimit(int pid, int resource, ulong* wanted, ulong* old);
}

using System.Globalization;
using SeamlessReboot.Posix;

namespace SeamlessReboot.Angel.Posix;

/// <summary>The limit of open files (RLIMIT_NOFILE): all of it for the angel, the starter's soft limit for the server.</summary>
internal static unsafe class OpenFileLimit
{
    private const int OpenFiles = 7; // RLIMIT_NOFILE

    /// <summary>Raises the soft limit to the hard one. The runtime does that too, at its start, but does not promise to.</summary>
    internal static void Raise()
    {
        ulong* limit = stackalloc ulong[2];
        if (AngelLibc.GetLimit(OpenFiles, limit) != 0)
            return;
        limit[0] = limit[1];
        _ = AngelLibc.SetLimit(OpenFiles, limit);
    }

    /// <summary>Sets the soft limit, not above the hard one.</summary>
    internal static void SetSoft(long soft)
    {
        ulong* limit = stackalloc ulong[2];
        if (AngelLibc.GetLimit(OpenFiles, limit) != 0)
            return;
        limit[0] = Math.Min((ulong)soft, limit[1]);
        _ = AngelLibc.SetLimit(OpenFiles, limit);
    }

    /// <summary>
    /// The soft limit that this process was started with. The runtime has raised it before Main, so it is looked for where it came from: at
    /// the parent, and for a daemon at the parent of the command that started it.
    /// </summary>
    /// <param name="isDaemon">The parent is this program too.</param>
    /// <returns>Null when the parent's hard limit is another one (systemd's own is not its units'), or there is no parent to be seen.</returns>
    internal static long? Inherited(bool isDaemon)
    {
        int parent = Processes.ParentOf(Environment.ProcessId);
        if (isDaemon && parent > 0)
            parent = Processes.ParentOf(parent);
        return parent > 0 && Read(parent) is (long soft, long hard) && Read(Environment.ProcessId) is (_, long mine) && hard == mine ? soft : null;
    }

    // "Max open files            1024                 524288               files"
    private static (long Soft, long Hard)? Read(int pid)
    {
        const string Row = "Max open files";
        foreach (string line in ProcFile.Read(string.Create(CultureInfo.InvariantCulture, $"/proc/{pid}/limits")).Split('\n'))
            if (line.StartsWith(Row, StringComparison.Ordinal)
                && line[Row.Length..].Split(' ', StringSplitOptions.RemoveEmptyEntries) is [string soft, string hard, ..])
                return (Number(soft), Number(hard));
        return null;
    }

    private static long Number(string text) => long.TryParse(text, NumberStyles.None, CultureInfo.InvariantCulture, out long number) ? number : long.MaxValue;
}

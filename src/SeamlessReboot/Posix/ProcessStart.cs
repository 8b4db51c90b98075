using System.Globalization;
using System.Runtime.InteropServices;
using Mono.Unix.Native;

namespace SeamlessReboot.Posix;

/// <summary>How this process was started, read before the application can change it: the next image is started the same way.</summary>
internal sealed class ProcessStart
{
    internal ProcessStart(string directory, string user, int umask, ulong ignoredSignals)
    {
        Directory = directory;
        User = user;
        Umask = umask;
        IgnoredSignals = ignoredSignals;
    }

    /// <summary>The working directory as the starter named it, symlinks and all.</summary>
    internal string Directory { get; }

    /// <summary>The effective user's number.</summary>
    internal string User { get; }

    /// <summary>-1 where the kernel does not tell.</summary>
    internal int Umask { get; }

    /// <summary>Bit n-1 stands for signal n.</summary>
    internal ulong IgnoredSignals { get; }

    internal static ProcessStart Read()
    {
        int umask = -1;
        string user = "";
        ulong ignored = 0;
        foreach (string line in File.ReadLines("/proc/self/status"))
        {
            if (line.StartsWith("Umask:", StringComparison.Ordinal))
                umask = Convert.ToInt32(line[6..].Trim(), 8);
            else if (line.StartsWith("Uid:", StringComparison.Ordinal))
                user = line.Split('\t')[2];
            else if (line.StartsWith("SigIgn:", StringComparison.Ordinal))
                ignored = ulong.Parse(line.AsSpan(7).Trim(), NumberStyles.HexNumber, CultureInfo.InvariantCulture);
        }

        return new ProcessStart(LogicalDirectory(), user, umask, ignored);
    }

    /// <summary>The arguments byte for byte, the program first.</summary>
    internal static List<byte[]> CommandLine() => Split(File.ReadAllBytes("/proc/self/cmdline"));

    /// <summary>The environment of the start byte for byte, "NAME=value" each.</summary>
    internal static List<byte[]> Environment()
    {
        List<byte[]> variables = Split(File.ReadAllBytes("/proc/self/environ"));
        variables.RemoveAll(v => v.Length == 0);
        return variables;
    }

    /// <summary>By TMPDIR as it was at the start: what the application sets does not reach the native environment.</summary>
    internal static unsafe string TempDirectory() =>
        Marshal.PtrToStringUTF8((nint)Libc.GetEnv("TMPDIR")) is { Length: > 0 } directory ? directory : "/tmp";

    /// <summary>Clock ticks from boot to the start of this process: with its PID, a name that is not given twice. Stays over exec.</summary>
    internal static long StartTime()
    {
        // Field 22 of proc_pid_stat(5). The second, the command name, may itself hold spaces and parentheses.
        string stat = ProcFile.Read("/proc/self/stat");
        return long.Parse(stat[(stat.LastIndexOf(')') + 2)..].Split(' ')[19], NumberStyles.None, CultureInfo.InvariantCulture);
    }

    internal static string BootId() => ProcFile.Read("/proc/sys/kernel/random/boot_id").Trim();

    // The shell's PWD names the directory through its symlinks; getcwd has them resolved. Starting in ".../current" again
    // after a deploy has flipped that link must end in the new release, so PWD wins where it names the same directory.
    private static string LogicalDirectory()
    {
        string actual = System.Environment.CurrentDirectory;
        string? logical = System.Environment.GetEnvironmentVariable("PWD");
        if (string.IsNullOrEmpty(logical) || !Path.IsPathRooted(logical) || logical == actual)
            return actual;
        return Syscall.stat(logical, out Stat a) == 0 && Syscall.stat(actual, out Stat b) == 0 && a.st_dev == b.st_dev && a.st_ino == b.st_ino
            ? logical
            : actual;
    }

    private static List<byte[]> Split(byte[] zeroTerminated)
    {
        List<byte[]> parts = [];
        ReadOnlySpan<byte> rest = zeroTerminated;
        while (!rest.IsEmpty)
        {
            int end = rest.IndexOf((byte)0);
            parts.Add((end < 0 ? rest : rest[..end]).ToArray());
            rest = end < 0 ? default : rest[(end + 1)..];
        }

        return parts;
    }
}

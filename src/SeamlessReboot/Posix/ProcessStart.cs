using System.Globalization;
using System.Runtime.InteropServices;
using System.Text;
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
        foreach (string line in Encoding.UTF8.GetString(ProcFile.ReadAll("/proc/self/status")).Split('\n'))
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

    /// <summary>The real path of the running program; with " (deleted)" behind it when there is nothing there any more.</summary>
    internal static string? Program() => new FileInfo("/proc/self/exe").LinkTarget;

    /// <summary>The arguments byte for byte, the program first.</summary>
    internal static List<byte[]> CommandLine() => CommandLine(RawCommandLine());

    /// <param name="raw">As it was read at the start, before anybody could write a title over it (setproctitle).</param>
    internal static List<byte[]> CommandLine(byte[] raw) =>
        CommandLine(Split(raw), System.Environment.GetCommandLineArgs(), System.Environment.ProcessPath);

    internal static byte[] RawCommandLine() => ProcFile.ReadAll("/proc/self/cmdline");

    internal static byte[] RawEnvironment() => ProcFile.ReadAll("/proc/self/environ");

    /// <summary>The same, from what the kernel says and what the runtime has noted.</summary>
    /// <param name="kernels">Empty where it may not be read; something else where somebody has written over it.</param>
    /// <param name="runtimes">The assembly or program, and its arguments.</param>
    /// <param name="program">The running program's path.</param>
    internal static List<byte[]> CommandLine(List<byte[]> kernels, string[] runtimes, string? program)
    {
        int first = kernels.Count - runtimes.Length + 1;
        bool isSame = first > 0;
        for (int i = 1; isSame && i < runtimes.Length; i++)
            isSame = Encoding.UTF8.GetString(kernels[first + i - 1]) == runtimes[i];
        // A host that is neither dotnet nor an apphost may have told the runtime what it likes: then the kernel is right, as long as it names a program.
        if (isSame || program is null || runtimes.Length == 0 || (kernels.Count > 0 && runtimes[0] != program && !IsAssembly(runtimes[0])))
            return kernels;
        List<byte[]> arguments = [Encoding.UTF8.GetBytes(program)];
        if (IsAssembly(runtimes[0]) && Path.GetFileName(program) == "dotnet")
            arguments.Add(Encoding.UTF8.GetBytes(runtimes[0]));
        foreach (string argument in runtimes.AsSpan(1))
            arguments.Add(Encoding.UTF8.GetBytes(argument));
        return arguments;
    }

    private static bool IsAssembly(string path) => path.EndsWith(".dll", StringComparison.OrdinalIgnoreCase);

    /// <summary>The environment of the start byte for byte, "NAME=value" each.</summary>
    internal static List<byte[]> Environment() => Environment(RawEnvironment());

    /// <param name="raw">As it was read at the start.</param>
    internal static List<byte[]> Environment(byte[] raw)
    {
        List<byte[]> variables = Split(raw);
        // A program with file capabilities may not read that. What .NET sets stays in .NET, so libc's is still that of the start.
        if (variables.Count == 0)
            variables = NativeEnvironment();
        variables.RemoveAll(v => v.Length == 0);
        return variables;
    }

    /// <summary>libc's environment; empty where it is not to be found.</summary>
    internal static unsafe List<byte[]> NativeEnvironment()
    {
        List<byte[]> variables = [];
        if (!NativeLibrary.TryGetExport(NativeLibrary.GetMainProgramHandle(), "environ", out nint environ))
            return variables;
        for (byte** variable = *(byte***)environ; variable is not null && *variable is not null; variable++)
            variables.Add(MemoryMarshal.CreateReadOnlySpanFromNullTerminated(*variable).ToArray());
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
        string actual = WorkingDirectory.Path();
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

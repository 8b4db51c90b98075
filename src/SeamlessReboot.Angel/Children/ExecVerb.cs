using System.Globalization;
using System.Runtime.InteropServices;
using System.Text;
using SeamlessReboot.Angel.Posix;
using SeamlessReboot.Posix;

namespace SeamlessReboot.Angel.Children;

/// <summary>
/// An internal verb: puts its own PID into the environment and becomes the program. It stands in for the shell in container images that
/// have none; it takes the time of a runtime's start.
/// </summary>
internal static class ExecVerb
{
    internal const string Name = "__exec";
    private const string OpenFiles = "SEAMLESS_ANGEL_OPEN_FILES=";
    private const PosixSignal BrokenPipe = (PosixSignal)13;

    /// <summary>How this program is started to do it.</summary>
    /// <param name="program">The program's path.</param>
    /// <param name="command">Its name and arguments.</param>
    /// <param name="environment">What else it has to be told is added to it.</param>
    /// <param name="openFiles">The program's soft limit of open files; null leaves it as it is.</param>
    internal static Command Command(string program, IReadOnlyList<string> command, List<byte[]> environment, long? openFiles)
    {
        // Not an argument: the file of this program may by now be that of a newer version, which this one starts.
        if (openFiles is long soft)
            environment.Add(Encoding.ASCII.GetBytes(OpenFiles + soft.ToString(CultureInfo.InvariantCulture)));
        string self = Environment.ProcessPath!;
        string[] host = Path.GetFileName(self) == "dotnet" ? [self, typeof(ExecVerb).Assembly.Location] : [self];
        return new Command(self, [.. host, Name, program, .. command]);
    }

    /// <summary>Does it, if this is what the program was started for.</summary>
    /// <returns>False when it is not; otherwise it returns only when the exec has failed.</returns>
    internal static bool TryRun(string[] arguments, out int exitCode)
    {
        exitCode = StartFailureException.NotExecutable;
        if (arguments is not [Name, string program, .. string[] command] || command.Length == 0)
            return false;
        string pid = Environment.ProcessId.ToString(CultureInfo.InvariantCulture);
        List<byte[]> environment = ProcessStart.Environment();
        environment.RemoveAll(v => v.AsSpan().StartsWith("LISTEN_PID="u8) || v.AsSpan().StartsWith("WATCHDOG_PID="u8));
        if (environment.Any(v => v.AsSpan().StartsWith("LISTEN_FDS="u8)))
            environment.Add(Encoding.ASCII.GetBytes("LISTEN_PID=" + pid));
        if (environment.Any(v => v.AsSpan().StartsWith("WATCHDOG_USEC="u8)))
            environment.Add(Encoding.ASCII.GetBytes("WATCHDOG_PID=" + pid));
        int limit = environment.FindIndex(v => v.AsSpan().StartsWith(Encoding.ASCII.GetBytes(OpenFiles)));
        if (limit >= 0 && long.TryParse(environment[limit].AsSpan(OpenFiles.Length), NumberStyles.None, CultureInfo.InvariantCulture, out long soft))
        {
            environment.RemoveAt(limit);
            OpenFileLimit.SetSoft(soft); // the runtime has raised it for this process
        }

        Signals.StopIgnoring(BrokenPipe); // the runtime ignores it, and the program would inherit that
        HostProcess process = new();
        DiagnosticsSocket.MoveAside(process);
        DiagnosticsSocket.RemoveOld(process);
        try
        {
            ProcessImage.Execute(program, [.. command.Select(Encoding.UTF8.GetBytes)], environment);
        }
        catch (SyscallException e)
        {
            Console.Error.WriteLine($"seamless-angel: {e.Message}. {ExecPlan.RemedyFor(e)}");
        }

        return true;
    }
}

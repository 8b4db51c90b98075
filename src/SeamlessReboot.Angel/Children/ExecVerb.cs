using System.Globalization;
using System.Runtime.InteropServices;
using System.Text;
using SeamlessReboot.Posix;

namespace SeamlessReboot.Angel.Children;

/// <summary>
/// An internal verb: puts its own PID into the environment and becomes the program. It stands in for the shell in container images that
/// have none; it takes the time of a runtime's start.
/// </summary>
internal static class ExecVerb
{
    internal const string Name = "__exec";
    private const PosixSignal BrokenPipe = (PosixSignal)13;

    /// <summary>How this program is started to do it.</summary>
    internal static Command Command(string program, IReadOnlyList<string> command)
    {
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

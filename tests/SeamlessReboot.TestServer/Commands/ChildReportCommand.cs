using System.Diagnostics;
using SeamlessReboot.TestServer.Sessions;

namespace SeamlessReboot.TestServer.Commands;

/// <summary>What a child prints that the shell is given.</summary>
internal sealed class ChildReportCommand : ICommand
{
    public string Name => "child-report";

    public async ValueTask<string?> RunAsync(Server server, ICommandSession session, string argument)
    {
        ProcessStartInfo start = new("/bin/sh") { RedirectStandardOutput = true };
        start.ArgumentList.Add("-c");
        start.ArgumentList.Add(argument);
        using Process child = Process.Start(start)!;
        string report = await child.StandardOutput.ReadToEndAsync();
        await child.WaitForExitAsync();
        return $"{child.ExitCode} {report.Trim().ReplaceLineEndings("|")}";
    }
}

using System.Diagnostics;
using System.Globalization;
using SeamlessReboot.TestServer.Sessions;

namespace SeamlessReboot.TestServer.Commands;

/// <summary>Starts a child process by the shell; answers its number. Its input is a pipe of this image.</summary>
internal sealed class ChildCommand : ICommand
{
    public string Name => "child";

    public ValueTask<string?> RunAsync(Server server, ICommandSession session, string argument)
    {
        ProcessStartInfo start = new("/bin/sh") { RedirectStandardInput = true };
        start.ArgumentList.Add("-c");
        start.ArgumentList.Add(argument);
        Process child = Process.Start(start)!;
        _children.Add(child);
        return ValueTask.FromResult<string?>(child.Id.ToString(CultureInfo.InvariantCulture));
    }

    private static readonly List<Process> _children = [];
}

using System.Globalization;
using SeamlessReboot.TestServer.Sessions;

namespace SeamlessReboot.TestServer.Commands;

/// <summary>What OnSuspending does; answers how often it was called.</summary>
internal sealed class FlushCommand : ICommand
{
    public string Name => "flush";

    public ValueTask<string?> RunAsync(Server server, ICommandSession session, string argument)
    {
        if (argument.Length > 0)
            server.Faults.Flush = argument;
        return ValueTask.FromResult<string?>(server.Faults.Flushed.ToString(CultureInfo.InvariantCulture));
    }
}

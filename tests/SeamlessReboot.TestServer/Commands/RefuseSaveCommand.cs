using SeamlessReboot.TestServer.Sessions;

namespace SeamlessReboot.TestServer.Commands;

/// <summary>From here on (or "off") the world cannot be saved.</summary>
internal sealed class RefuseSaveCommand : ICommand
{
    public string Name => "refuse-save";

    public ValueTask<string?> RunAsync(Server server, ICommandSession session, string argument)
    {
        server.Faults.SaveThrows = argument != "off";
        return ValueTask.FromResult<string?>("ok");
    }
}

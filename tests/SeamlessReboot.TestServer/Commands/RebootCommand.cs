using SeamlessReboot.TestServer.Sessions;

namespace SeamlessReboot.TestServer.Commands;

/// <summary>Asks for a reboot from inside the session.</summary>
internal sealed class RebootCommand : ICommand
{
    public string Name => "reboot";

    public ValueTask<string?> RunAsync(Server server, ICommandSession session, string argument)
    {
        return ValueTask.FromResult<string?>(server.Rebooter.RequestReboot("command") ? "asked" : "refused");
    }
}

using SeamlessReboot.TestServer.Sessions;

namespace SeamlessReboot.TestServer.Commands;

/// <summary>Asks what would happen.</summary>
internal sealed class CheckCommand : ICommand
{
    public string Name => "check";

    public ValueTask<string?> RunAsync(Server server, ICommandSession session, string argument)
    {
        try
        {
            RehearsalReport report = server.Rebooter.CheckReboot();
            return ValueTask.FromResult<string?>(report.Inconclusive is string why ? "inconclusive: " + why.ReplaceLineEndings(" ") : "fine");
        }
        catch (RebootException e)
        {
            return ValueTask.FromResult<string?>($"{e.Stage}: {e.Message.ReplaceLineEndings(" ")}");
        }
    }
}

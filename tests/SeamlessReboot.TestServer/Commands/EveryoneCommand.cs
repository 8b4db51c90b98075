using SeamlessReboot.TestServer.Sessions;

namespace SeamlessReboot.TestServer.Commands;

/// <summary>What "extra" has set for each session, in their order.</summary>
internal sealed class EveryoneCommand : ICommand
{
    public string Name => "everyone";

    public ValueTask<string?> RunAsync(Server server, ICommandSession session, string argument) =>
        ValueTask.FromResult<string?>(string.Join(",", server.Rebooter.GetSessions().OfType<ICommandSession>().Select(s => s.Counter.Extra)));
}

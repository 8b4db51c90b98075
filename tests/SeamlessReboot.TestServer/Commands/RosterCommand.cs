using SeamlessReboot.TestServer.Sessions;

namespace SeamlessReboot.TestServer.Commands;

/// <summary>The numbers of all sessions, in their order.</summary>
internal sealed class RosterCommand : ICommand
{
    public string Name => "roster";

    public ValueTask<string?> RunAsync(Server server, ICommandSession session, string argument)
    {
        return ValueTask.FromResult<string?>(string.Join(",", server.Rebooter.GetSessions().OfType<ICommandSession>().Select(s => s.Counter.Id)));
    }
}

using SeamlessReboot.TestServer.Sessions;

namespace SeamlessReboot.TestServer.Commands;

/// <summary>Ends the server, cleanly.</summary>
internal sealed class QuitCommand : ICommand
{
    public string Name => "quit";

    public ValueTask<string?> RunAsync(Server server, ICommandSession session, string argument)
    {
        server.End();
        return ValueTask.FromResult<string?>("bye");
    }
}

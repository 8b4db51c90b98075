using SeamlessReboot.TestServer.Sessions;

namespace SeamlessReboot.TestServer.Commands;

/// <summary>Adds a word to what the world remembers, and tells all of it.</summary>
internal sealed class ChronicleCommand : ICommand
{
    public string Name => "chronicle";

    public ValueTask<string?> RunAsync(Server server, ICommandSession session, string argument)
    {
        if (argument.Length > 0)
            server.World.Chronicle.Add(argument);
        return ValueTask.FromResult<string?>(string.Join(",", server.World.Chronicle));
    }
}

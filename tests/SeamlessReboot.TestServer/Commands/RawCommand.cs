using SeamlessReboot.TestServer.Sessions;

namespace SeamlessReboot.TestServer.Commands;

/// <summary>Makes the terminal raw, as a server with a console does that waits for a key.</summary>
internal sealed class RawCommand : ICommand
{
    public string Name => "raw";

    public ValueTask<string?> RunAsync(Server server, ICommandSession session, string argument)
    {
        Console.TreatControlCAsInput = true;
        _ = Console.KeyAvailable;
        return ValueTask.FromResult<string?>("ok");
    }
}

using SeamlessReboot.TestServer.Sessions;

namespace SeamlessReboot.TestServer.Commands;

/// <summary>The session itself throws.</summary>
internal sealed class ThrowCommand : ICommand
{
    public string Name => "throw";

    public ValueTask<string?> RunAsync(Server server, ICommandSession session, string argument)
    {
        throw new InvalidOperationException("This session has a bug.");
    }
}

using SeamlessReboot.TestServer.Sessions;

namespace SeamlessReboot.TestServer.Commands;

/// <summary>An unhandled exception in the async Main, which leaves the rebooter's using block by it.</summary>
internal sealed class CrashMainCommand : ICommand
{
    public string Name => "crash-main";

    public ValueTask<string?> RunAsync(Server server, ICommandSession session, string argument)
    {
        server.Fail();
        return ValueTask.FromResult<string?>("crashing");
    }
}

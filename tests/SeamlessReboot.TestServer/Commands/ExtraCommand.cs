using SeamlessReboot.TestServer.Sessions;

namespace SeamlessReboot.TestServer.Commands;

/// <summary>Sets the member that other versions do not have, and tells it with the version.</summary>
internal sealed class ExtraCommand : ICommand
{
    public string Name => "extra";

    public ValueTask<string?> RunAsync(Server server, ICommandSession session, string argument)
    {
        if (argument.Length > 0)
            session.Counter.Extra = argument;
        return ValueTask.FromResult<string?>($"v{server.Version.Number} {session.Counter.Extra}");
    }
}

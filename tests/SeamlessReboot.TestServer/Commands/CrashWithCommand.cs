using SeamlessReboot.TestServer.Sessions;

namespace SeamlessReboot.TestServer.Commands;

/// <summary>An unhandled exception that a log has trouble with: "long", "unreadable" or "silent".</summary>
internal sealed class CrashWithCommand : ICommand
{
    public string Name => "crash-with";

    public ValueTask<string?> RunAsync(Server server, ICommandSession session, string argument)
    {
        Exception exception = argument == "long" ? new InvalidOperationException(new string('m', 200_000)) : new UnreadableException(isSilent: argument == "silent");
        new Thread(() => throw exception).UnsafeStart();
        return ValueTask.FromResult<string?>("crashing");
    }
}

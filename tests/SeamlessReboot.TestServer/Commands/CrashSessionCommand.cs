using SeamlessReboot.TestServer.Sessions;

namespace SeamlessReboot.TestServer.Commands;

/// <summary>An unhandled exception on a thread that works for the session.</summary>
internal sealed class CrashSessionCommand : ICommand
{
    public string Name => "crash-session";

    public ValueTask<string?> RunAsync(Server server, ICommandSession session, string argument)
    {
        new Thread(() => throw new InvalidOperationException("The application has crashed.")).Start();
        return ValueTask.FromResult<string?>("crashing");
    }
}

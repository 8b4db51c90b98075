using SeamlessReboot.TestServer.Sessions;

namespace SeamlessReboot.TestServer.Commands;

/// <summary>An unhandled exception on a thread of its own, that knows of no session.</summary>
internal sealed class CrashThreadCommand : ICommand
{
    public string Name => "crash-thread";

    public ValueTask<string?> RunAsync(Server server, ICommandSession session, string argument)
    {
        new Thread(() => throw new InvalidOperationException("The application has crashed.")).UnsafeStart();
        return ValueTask.FromResult<string?>("crashing");
    }
}

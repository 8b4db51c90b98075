using SeamlessReboot.TestServer.Sessions;

namespace SeamlessReboot.TestServer.Commands;

/// <summary>An unhandled exception on the pool, in work that the session has begun.</summary>
internal sealed class CrashSessionCommand : ICommand
{
    public string Name => "crash-session";

    public ValueTask<string?> RunAsync(Server server, ICommandSession session, string argument)
    {
        ThreadPool.QueueUserWorkItem(_ => throw new InvalidOperationException("The application has crashed."));
        return ValueTask.FromResult<string?>("crashing");
    }
}

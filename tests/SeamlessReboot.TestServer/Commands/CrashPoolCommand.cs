using SeamlessReboot.TestServer.Sessions;

namespace SeamlessReboot.TestServer.Commands;

/// <summary>An unhandled exception on the pool, that knows of no session.</summary>
internal sealed class CrashPoolCommand : ICommand
{
    public string Name => "crash-pool";

    public ValueTask<string?> RunAsync(Server server, ICommandSession session, string argument)
    {
        ThreadPool.UnsafeQueueUserWorkItem(_ => throw new InvalidOperationException("The application has crashed."), null);
        return ValueTask.FromResult<string?>("crashing");
    }
}

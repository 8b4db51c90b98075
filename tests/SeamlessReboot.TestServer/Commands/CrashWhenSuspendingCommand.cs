using SeamlessReboot.TestServer.Sessions;

namespace SeamlessReboot.TestServer.Commands;

/// <summary>An unhandled exception on the pool, in the middle of a reboot.</summary>
internal sealed class CrashWhenSuspendingCommand : ICommand
{
    public string Name => "crash-when-suspending";

    public async ValueTask<string?> RunAsync(Server server, ICommandSession session, string argument)
    {
        session.WhenSuspending.UnsafeRegister(_ =>
            ThreadPool.UnsafeQueueUserWorkItem(_ => throw new InvalidOperationException("The application has crashed."), null), null);
        await session.Connection.WriteAsync("waiting\n");
        return null;
    }
}

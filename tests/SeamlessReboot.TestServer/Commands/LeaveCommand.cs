using SeamlessReboot.TestServer.Sessions;

namespace SeamlessReboot.TestServer.Commands;

/// <summary>Closes its own connection, as on QUIT, and goes on for a while: the close has begun, and the handler has not ended.</summary>
internal sealed class LeaveCommand : ICommand
{
    public string Name => "leave";

    public async ValueTask<string?> RunAsync(Server server, ICommandSession session, string argument)
    {
        await session.Connection.WriteAsync("bye\n");
        _ = session.Connection.DisposeAsync().AsTask();
        await Task.Delay(300);
        return null;
    }
}

using SeamlessReboot.TestServer.Sessions;

namespace SeamlessReboot.TestServer.Commands;

/// <summary>Comes to no end, and to no safe point, until somebody writes to the given fifo.</summary>
internal sealed class HoldCommand : ICommand
{
    public string Name => "hold";

    public async ValueTask<string?> RunAsync(Server server, ICommandSession session, string argument)
    {
        await session.Connection.WriteAsync("holding\n");
        return await Task.Run(() => File.ReadAllText(argument));
    }
}

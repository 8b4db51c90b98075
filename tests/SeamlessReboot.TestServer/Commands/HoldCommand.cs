using System.Text.Json.Nodes;
using SeamlessReboot.TestServer.Sessions;

namespace SeamlessReboot.TestServer.Commands;

/// <summary>Comes to no end, and to no safe point, until somebody writes to the given fifo. Tells when it is asked to suspend.</summary>
internal sealed class HoldCommand : ICommand
{
    public string Name => "hold";

    public async ValueTask<string?> RunAsync(Server server, ICommandSession session, string argument)
    {
        await session.Connection.WriteAsync("holding\n");
        using CancellationTokenRegistration asked = session.WhenSuspending.Register(() => Events.Tell("suspending", new JsonObject()));
        return await Task.Run(() => File.ReadAllText(argument));
    }
}

using SeamlessReboot.TestServer.Sessions;

namespace SeamlessReboot.TestServer.Commands;

/// <summary>Starts so many timers, each of which writes to everyone every millisecond and knows nothing of reboots. They end with the image.</summary>
internal sealed class TickCommand : ICommand
{
    public string Name => "tick";

    public ValueTask<string?> RunAsync(Server server, ICommandSession session, string argument)
    {
        for (int i = int.Parse(argument, System.Globalization.CultureInfo.InvariantCulture); i > 0; i--)
            _ = TellEveryoneForEverAsync(server.Rebooter);
        return ValueTask.FromResult<string?>("ticking");
    }

    private static async Task TellEveryoneForEverAsync(Rebooter rebooter)
    {
        while (true)
        {
            foreach (ICommandSession session in rebooter.GetSessions().OfType<ICommandSession>())
                session.Connection.TryWrite("tick\n"u8);
            await Task.Delay(1);
        }
    }
}

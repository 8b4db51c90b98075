using System.Globalization;
using SeamlessReboot.TestServer.Sessions;

namespace SeamlessReboot.TestServer.Commands;

/// <summary>Says that many numbered lines.</summary>
internal sealed class PourCommand : ICommand
{
    public string Name => "pour";

    public async ValueTask<string?> RunAsync(Server server, ICommandSession session, string argument)
    {
        int count = int.Parse(argument, CultureInfo.InvariantCulture);
        for (int i = 1; i <= count; i++)
            await session.Connection.WriteAsync($"line {i:D7} of {count:D7}\n");
        return null;
    }
}

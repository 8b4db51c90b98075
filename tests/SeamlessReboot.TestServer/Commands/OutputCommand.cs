using System.Globalization;
using SeamlessReboot.TestServer.Sessions;

namespace SeamlessReboot.TestServer.Commands;

/// <summary>One line of so many bytes at once, and says when it is written: the client would see that only behind all of it.</summary>
internal sealed class OutputCommand : ICommand
{
    public string Name => "output";

    public async ValueTask<string?> RunAsync(Server server, ICommandSession session, string argument)
    {
        byte[] line = new byte[int.Parse(argument, CultureInfo.InvariantCulture)];
        Array.Fill(line, (byte)'x');
        line[^1] = (byte)'\n';
        await session.Connection.WriteAsync(line);
        Events.Tell("output", []);
        return null;
    }
}

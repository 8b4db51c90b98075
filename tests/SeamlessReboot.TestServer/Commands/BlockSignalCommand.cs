using System.Globalization;
using SeamlessReboot.TestServer.Sessions;

namespace SeamlessReboot.TestServer.Commands;

/// <summary>Blocks a signal on the thread that then asks for a reboot.</summary>
internal sealed class BlockSignalCommand : ICommand
{
    public string Name => "block-signal";

    public ValueTask<string?> RunAsync(Server server, ICommandSession session, string argument)
    {
        Thread thread = new(() =>
        {
            Native.BlockSignal(int.Parse(argument, CultureInfo.InvariantCulture));
            server.Rebooter.RequestReboot("from a thread with a blocked signal");
        });
        thread.Start();
        return ValueTask.FromResult<string?>("ok");
    }
}

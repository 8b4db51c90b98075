using System.Net;
using System.Net.Sockets;
using System.Runtime.InteropServices;
using SeamlessReboot;

using Rebooter rebooter = Rebooter.Start(new RebooterOptions { RebootSignals = [PosixSignal.SIGHUP] });
Socket listener = rebooter.Listen(new IPEndPoint(IPAddress.Loopback, 4000));
rebooter.Restore<PlayerState>((connection, state) => new Player(connection, state));
rebooter.Ready();
await rebooter.ServeAsync(listener, connection => new Player(connection, new PlayerState()));

internal sealed class PlayerState
{
    public int Lines { get; set; }
}

internal sealed class Player(SessionConnection connection, PlayerState state) : RebootSession<PlayerState>(connection, state)
{
    protected override async Task RunAsync()
    {
        while (await Connection.ReadLineAsync() is string line)
            await Connection.WriteAsync($"{++State.Lines}: {line}\r\n");
    }
}

using System.Net;
using System.Net.Sockets;
using System.Runtime.InteropServices;
using PolledLoop;
using SeamlessReboot;

if (args is ["--help"])
{
    Console.WriteLine("usage: PolledLoop [PORT]");
    return;
}

using Rebooter rebooter = Rebooter.Start(new RebooterOptions { RebootSignals = [PosixSignal.SIGHUP] });
Game game = new();
int port = args.Length > 0 ? int.Parse(args[0]) : 4000;
Socket listener = rebooter.Listen(new IPEndPoint(IPAddress.Loopback, port));
rebooter.Restore(saved => new Player(game, saved.OpenConnection(), saved.ReadState<PlayerState>()));
rebooter.Ready();
Console.WriteLine($"ready on port {((IPEndPoint)listener.LocalEndPoint!).Port}, generation {rebooter.Generation}, "
    + $"{rebooter.SessionCount} sessions, process {Environment.ProcessId}");

// snippet: loop
_ = AcceptAsync();
using SafePoint top = rebooter.AddSafePoint("game loop");
while (true)
{
    await top.PollAsync(); // nothing is half done here
    game.PlayRound();
    await Task.Delay(50);
}
// end snippet

async Task AcceptAsync()
{
    while (true)
        rebooter.Add(new Player(game, new SessionConnection(await rebooter.AcceptAsync(listener)), new PlayerState()));
}

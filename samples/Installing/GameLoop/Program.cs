using System.Net;
using System.Net.Sockets;
using System.Runtime.InteropServices;
using GameLoop;
using SeamlessReboot;

if (args is ["--help"])
{
    Console.WriteLine("usage: GameLoop [PORT]");
    return;
}

// snippet: start
using Rebooter rebooter = Rebooter.Start(new RebooterOptions { RebootSignals = [PosixSignal.SIGHUP] });
// end snippet

// snippet: register
Dictionary<Socket, Player> players = [];
long round = 0;
int port = args.Length > 0 ? int.Parse(args[0]) : 4000;
Socket listener = rebooter.Listen(new IPEndPoint(IPAddress.Loopback, port));
rebooter.Keep("round", () => round, saved => round = saved);
rebooter.Restore(saved =>
{
    Player player = new(saved.Socket, saved.ReadState<PlayerState>(), saved.UnreadInput, saved.UnsentOutput);
    players.Add(player.Socket, player);
    return player;
});
rebooter.Ready();
// end snippet

Console.WriteLine($"ready on port {((IPEndPoint)listener.LocalEndPoint!).Port}, generation {rebooter.Generation}, "
    + $"{rebooter.SessionCount} sessions, process {Environment.ProcessId}");

// snippet: loop
using SafePoint top = rebooter.AddSafePoint("game loop");
while (true)
{
    top.Poll(); // nothing is half done here
    round++;
    List<Socket> readable = [listener, .. players.Keys];
    List<Socket> writable = [.. players.Values.Where(p => p.HasOutput).Select(p => p.Socket)];
    Socket.Select(readable, writable, null, TimeSpan.FromMilliseconds(50));
    foreach (Socket socket in readable)
    {
        if (socket == listener)
            Welcome(listener.Accept());
        else
            Hear(players[socket]);
    }

    foreach (Player player in players.Values)
        player.Send();
}
// end snippet

// snippet: welcome
void Welcome(Socket socket)
{
    Player player = new(socket, new PlayerState(), default, default);
    players.Add(socket, player);
    rebooter.Add(player);
    player.Say("Your name?");
}

void Hear(Player player)
{
    bool isThere = player.Receive();
    while (player.TakeLine() is string line)
        Act(player, line);
    if (isThere)
        return;
    rebooter.Remove(player); // first, so that no reboot carries a closed socket
    players.Remove(player.Socket);
    player.Socket.Dispose();
}
// end snippet

void Act(Player player, string line)
{
    if (player.State.Name is null)
    {
        player.State.Name = line;
        player.Say($"Hello {line}.");
        return;
    }

    player.State.Count++;
    foreach (Player other in players.Values)
        other.Say($"{player.State.Name} {player.State.Count}: {line}");
}

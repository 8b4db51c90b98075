using System.Net;
using System.Net.Sockets;
using System.Runtime.InteropServices;
using GateLoop;
using SeamlessReboot;

if (args is ["--help"])
{
    Console.WriteLine("usage: GateLoop [PORT]");
    return;
}

using Rebooter rebooter = Rebooter.Start(new RebooterOptions { RebootSignals = [PosixSignal.SIGHUP] });
int port = args.Length > 0 ? int.Parse(args[0]) : 4000;
Socket listener = rebooter.Listen(new IPEndPoint(IPAddress.Loopback, port));
rebooter.Restore(saved => new Guest(rebooter, saved.Socket, saved.ReadState<GuestState>(), saved.UnreadInput));
rebooter.Ready();
Console.WriteLine($"ready on port {((IPEndPoint)listener.LocalEndPoint!).Port}, generation {rebooter.Generation}, "
    + $"{rebooter.SessionCount} sessions, process {Environment.ProcessId}");
while (true)
    rebooter.Add(new Guest(rebooter, await rebooter.AcceptAsync(listener), new GuestState(), default));

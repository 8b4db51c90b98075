using System.Net;
using System.Net.Sockets;
using System.Runtime.InteropServices;
using MessagePackServer;
using SeamlessReboot;

// MessagePackServer SPOOL: answers each line with who has said it and how many lines that makes. SIGHUP reboots.
using Rebooter rebooter = Rebooter.Start(new RebooterOptions
{
    SpoolDirectory = args[0],
    RebootSignals = [PosixSignal.SIGHUP],
    Serializer = new MessagePackStateSerializer(),
});

GuestBook book = new();
Socket listener = rebooter.Listen(new IPEndPoint(IPAddress.Loopback, 0));
rebooter.Keep("guest book", () => book, kept => book = kept);
rebooter.Restore(saved => new Visitor(saved.OpenConnection(), saved.ReadState<VisitorState>(), () => book));
rebooter.Ready();

Console.WriteLine($"ready {rebooter.Generation} {Environment.ProcessId} {((IPEndPoint)listener.LocalEndPoint!).Port} {rebooter.SessionCount}");
while (true)
    rebooter.Add(new Visitor(new SessionConnection(await rebooter.AcceptAsync(listener)), new VisitorState(), () => book));

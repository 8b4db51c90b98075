using System.Net;
using System.Net.Sockets;
using System.Runtime.InteropServices;
using Microsoft.Extensions.Logging;
using SeamlessReboot;
using Talker;
using Talker.Demo;
using Talker.Players;

if (args is ["--help"])
{
    Console.WriteLine(Options.Usage);
    return 0;
}

Options options;
try
{
    options = Options.Parse(args);
}
catch (FormatException e)
{
    Console.Error.WriteLine($"{e.Message}\n{Options.Usage}");
    return 2;
}

if (options.Demo)
    return await DemoRun.RunAsync(options.Seed);

using StderrLog log = new();
using Rebooter rebooter = Rebooter.Start(new RebooterOptions
{
    SpoolDirectory = options.Spool,
    RebootSignals = [PosixSignal.SIGHUP],
    CheckpointSignals = [(PosixSignal)12], // SIGUSR2, which has no name in .NET
    Serializer = new JsonStateSerializer(StateJson.Default),
    LoggerFactory = log,
});

// Before Ready: from then on players are served, and who ends the talker must not end it without a goodbye.
using CancellationTokenSource stopping = new();
using PosixSignalRegistration onTerminate = PosixSignalRegistration.Create(PosixSignal.SIGTERM, Stop);
using PosixSignalRegistration onInterrupt = PosixSignalRegistration.Create(PosixSignal.SIGINT, Stop);

House house = new(rebooter, options, log);
Socket listener = rebooter.Listen(new IPEndPoint(options.Bind, options.Port));
rebooter.Keep("house", house.Save, house.Load);
rebooter.Restore(house.Restore);
rebooter.Ready();

if (rebooter.LastReboot is RebootReport report)
{
    house.MissTheLost();
    house.Desk.Tell(report);
}
else
{
    Banner((IPEndPoint)listener.LocalEndPoint!);
}

try
{
    await await Task.WhenAny(AcceptAsync(), house.RunClockAsync(stopping.Token));
}
catch (OperationCanceledException) when (stopping.IsCancellationRequested)
{
    house.ToAll("*** The talker closes. Goodbye. ***");
}

return 0;

async Task AcceptAsync()
{
    ILogger acceptLog = log.CreateLogger("Talker");
    while (true)
    {
        try
        {
            Socket socket = await rebooter.AcceptAsync(listener, stopping.Token);
            // Who vanishes without a word, a laptop that is shut, is found out by the kernel.
            socket.SetSocketOption(SocketOptionLevel.Socket, SocketOptionName.KeepAlive, true);
            // Unsent output is to pile up in the talker, where the limit counts it and a reboot carries it, rather than in the kernel.
            socket.SendBufferSize = 64 * 1024;
            DateTime now = DateTime.UtcNow;
            rebooter.Add(new Player(house, new SessionConnection(socket, Player.Limits), new PlayerState { ConnectedAt = now, LastLineAt = now }));
        }
        catch (SocketException e)
        {
            // Out of descriptors, or a client that has gone already: the next one may have more luck, in a moment.
            TalkerLog.AcceptFailed(acceptLog, e);
            await Task.Delay(100, stopping.Token);
        }
    }
}

void Stop(PosixSignalContext context)
{
    context.Cancel = true;
    stopping.Cancel();
}

static void Banner(IPEndPoint at)
{
    string address = at.Address.Equals(IPAddress.Any) || at.Address.Equals(IPAddress.IPv6Any) ? "this machine's address" : at.Address.ToString();
    Console.WriteLine($"The talker is open on port {at.Port}. To come in: telnet {address} {at.Port}");
    Console.WriteLine("The first account that is made becomes the admin. 'kill -HUP " + Environment.ProcessId + "' reboots, so does the admin's 'reboot'.");
}

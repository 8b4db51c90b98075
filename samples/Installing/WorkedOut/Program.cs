using System.Net;
using System.Net.Sockets;
using System.Runtime.InteropServices;
using Microsoft.Extensions.Logging;
using SeamlessReboot;
using WorkedOut;

if (args is ["--help"])
{
    Console.WriteLine("usage: WorkedOut [PORT [DIRECTORY]]");
    return;
}

// snippet: options
string directory = args.Length > 1 ? args[1] : Path.Combine(Path.GetTempPath(), "worked-out");
ILoggerFactory logging = LoggerFactory.Create(log => log.AddSimpleConsole(line => line.SingleLine = true));
Journal journal = new(directory);
using Rebooter rebooter = Rebooter.Start(new RebooterOptions
{
    SpoolDirectory = Path.Combine(directory, "reboot"),
    RebootSignals = [PosixSignal.SIGHUP],
    Serializer = new JsonStateSerializer(StateJson.Default, StateVersions.Upgrade),
    OnSuspending = async cancellationToken => await journal.FlushAsync(cancellationToken),
    SessionFailure = SessionFailurePolicy.CallOff,
    LoggerFactory = logging,
});
// end snippet

// snippet: meter
using RebootWatch watch = new(Console.WriteLine);
// end snippet

// snippet: keep-open
SafeHandle lockFile = rebooter.KeepOpen("lock", () =>
    File.OpenHandle(Path.Combine(directory, "lock"), FileMode.OpenOrCreate, FileAccess.ReadWrite, FileShare.None));
// end snippet

int port = args.Length > 0 ? int.Parse(args[0]) : 4000;
Socket listener = rebooter.Listen(new IPEndPoint(IPAddress.Loopback, port));

// snippet: context
using WorldThread thread = new();
World world = new();
rebooter.Keep("world", () => world.State, state => world.State = state);
rebooter.AddSafePoint("world", thread);
// end snippet

rebooter.Restore(saved => new Guest(rebooter, world, thread, journal, saved.OpenConnection(), saved.ReadState<GuestState>()));
rebooter.Ready();

Console.WriteLine($"ready on port {((IPEndPoint)listener.LocalEndPoint!).Port}, generation {rebooter.Generation}, "
    + $"{rebooter.SessionCount} sessions, process {Environment.ProcessId}, lock held {!lockFile.IsClosed}");

// snippet: report
if (rebooter.LastReboot is RebootReport report)
{
    Console.WriteLine($"{report.Reason}: {report.Pause.TotalMilliseconds:0} ms, {report.SessionsKept} kept");
    foreach (LostSession lost in report.SessionsLost)
        Console.WriteLine($"session {lost.Id} was lost: {lost.Reason} Its state: {lost.StateFile}");
}
// end snippet

_ = TickAsync();

while (true)
{
    SessionConnection connection = new(await rebooter.AcceptAsync(listener));
    rebooter.Add(new Guest(rebooter, world, thread, journal, connection, new GuestState()));
}

// snippet: tick
async Task TickAsync()
{
    while (true)
    {
        TimeSpan wait = world.State.NextTick - DateTimeOffset.UtcNow;
        if (wait > TimeSpan.Zero)
            await Task.Delay(wait);
        using (await rebooter.EnterAsync()) // no reboot comes between the two lines inside
        {
            await thread.RunAsync(() => world.State.Ticks++);
            world.State.NextTick = DateTimeOffset.UtcNow + TimeSpan.FromSeconds(30);
        }
    }
}
// end snippet

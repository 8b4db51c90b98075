using System.Globalization;
using System.Net;
using System.Net.Sockets;
using System.Runtime.InteropServices;
using System.Text.Json;
using CounterServer;
using SeamlessReboot;

const int Sigusr2 = 12; // .NET has no name for it

if (args is ["--help"])
{
    Console.WriteLine(Options.Usage);
    return;
}

Options options = Options.Parse(args);
BadRelease badRelease = BadRelease.Find(options);
badRelease.BeforeStart();
using Rebooter rebooter = Rebooter.Start(new RebooterOptions
{
    SpoolDirectory = options.Spool,
    RebootSignals = [PosixSignal.SIGHUP],
    Serializer = new JsonStateSerializer(CounterJson.Default),
    LoggerFactory = new StderrLogger(),
    CheckpointSignals = [(PosixSignal)Sigusr2],
    CheckpointInterval = options.Checkpoint,
    Rehearsal = options.Rehearsal,
    ReadyTimeout = options.ReadyTimeout,
    SuspendTimeout = options.SuspendTimeout,
});
badRelease.AfterStart();
Thread.Sleep(options.WarmUp); // as if a world were loaded

Faults? faults = options.AllowFaults ? new Faults() : null;
long lastId = 0;
string padding = new('x', options.StateBytes);
List<Socket> listeners = [];
if (options.Port is int port)
    listeners.Add(rebooter.Listen(new IPEndPoint(IPAddress.Loopback, port), backlog: 4096));
if (options.Unix is string path)
    listeners.Add(rebooter.Listen(new UnixDomainSocketEndPoint(path), backlog: 4096));
rebooter.Keep("last-id", () => $"{Interlocked.Read(ref lastId)}", id =>
{
    badRelease.WhenStateIsRestored();
    lastId = long.Parse(id, CultureInfo.InvariantCulture);
});
rebooter.Restore(saved =>
{
    badRelease.WhenSessionIsRestored(saved.Id);
    CounterState state = saved.ReadState<CounterState>();
    lastId = Math.Max(lastId, state.Id); // after a crash a session may be younger than what was kept
    return new CounterSession(saved.OpenConnection(), state, faults);
});

// Before Ready, which hands out what came during the reboot.
TaskCompletionSource stopping = new();
using PosixSignalRegistration onTerminate = PosixSignalRegistration.Create(PosixSignal.SIGTERM, Stop);
using PosixSignalRegistration onInterrupt = PosixSignalRegistration.Create(PosixSignal.SIGINT, Stop);
rebooter.Ready();

int boundPort = (listeners[0].LocalEndPoint as IPEndPoint)?.Port ?? 0;
RebootReport? reboot = rebooter.LastReboot;
string pause = (reboot?.Pause.TotalMilliseconds ?? 0).ToString("0.0", CultureInfo.InvariantCulture);
string stages = string.Join(',', reboot?.Stages.Select(s => string.Create(CultureInfo.InvariantCulture,
    $"\"{s.Key}\":{s.Value.TotalMilliseconds:0.00}")) ?? []);
Console.WriteLine($"{{\"event\":\"ready\",\"generation\":{rebooter.Generation},\"pid\":{Environment.ProcessId},\"sessions\":{rebooter.SessionCount},"
    + $"\"port\":{boundPort},\"pause_ms\":{pause},\"lost\":{reboot?.SessionsLost.Count ?? 0},\"stages_ms\":{{{stages}}}}}");

await await Task.WhenAny([stopping.Task, BeatAsync(), .. listeners.Select(AcceptAsync)]);

// The main loop, that must not hang.
async Task BeatAsync()
{
    using PeriodicTimer timer = new(TimeSpan.FromSeconds(0.25));
    CheckpointReport? told = null;
    RebootReport? toldReboot = null;
    while (await timer.WaitForNextTickAsync())
    {
        rebooter.Heartbeat();
        if (rebooter.LastCheckpoint is CheckpointReport last && last != told)
            Tell(told = last);
        if (rebooter.LastReboot is { CalledOff: not null } off && off != toldReboot)
            TellCalledOff(toldReboot = off);
        faults?.Work();
    }
}

static void Tell(CheckpointReport report) =>
    Console.WriteLine($"{{\"event\":\"checkpoint\",\"reason\":{Quoted(report.Reason)},\"written\":{report.Written.ToUnixTimeMilliseconds()},"
        + string.Create(CultureInfo.InvariantCulture, $"\"pause_ms\":{report.Pause.TotalMilliseconds:0.0},")
        + $"\"sessions\":{report.Sessions},\"late\":{report.SessionsLate},\"bytes\":{report.SpoolBytes},\"failure\":{Quoted(report.Failure?.Message)}}}");

static void TellCalledOff(RebootReport report) =>
    Console.WriteLine($"{{\"event\":\"called-off\",\"generation\":{report.Generation},\"stage\":\"{report.CalledOff!.Stage}\",\"message\":{Quoted(report.CalledOff.Message)},"
        + string.Create(CultureInfo.InvariantCulture, $"\"pause_ms\":{report.Pause.TotalMilliseconds:0.0},\"late\":{Quoted(string.Join(", ", report.Late))}}}"));

static string Quoted(string? text) => text is null ? "null" : $"\"{JsonEncodedText.Encode(text)}\"";

async Task AcceptAsync(Socket listener)
{
    while (true)
    {
        SessionConnection connection = new(await rebooter.AcceptAsync(listener));
        rebooter.Add(new CounterSession(connection, new CounterState { Id = Interlocked.Increment(ref lastId), Padding = padding }, faults));
    }
}

void Stop(PosixSignalContext context)
{
    context.Cancel = true;
    stopping.TrySetResult();
}

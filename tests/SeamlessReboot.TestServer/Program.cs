using System.Net.Sockets;
using System.Runtime.InteropServices;
using SeamlessReboot;
using SeamlessReboot.TestServer;
using SeamlessReboot.TestServer.Kinds;

ServerVersion.EndIfBroken();
ServerVersion version = ServerVersion.Read();
Options options = new(args);
RuntimeFaults faults = new();
using Rebooter rebooter = Rebooter.Start(new RebooterOptions
{
    SpoolDirectory = options.Text("spool"),
    SuspendTimeout = options.Time("suspend-timeout", 20_000),
    FlushTimeout = options.Time("flush-timeout", 20_000),
    CaptureTimeout = options.Time("capture-timeout", 5_000),
    ReadyTimeout = options.Time("check-timeout", 60_000),
    CrashWindow = options.Time("crash-window", 600_000),
    Rehearsal = options.Has("check") ? RehearsalMode.UntilReady : RehearsalMode.None,
    RebootOnCrash = !options.Has("die-on-crash"),
    SessionFailure = options.Has("farewell-on-failure") ? SessionFailurePolicy.Farewell : SessionFailurePolicy.CallOff,
    RebootSignals = [PosixSignal.SIGHUP],
    OnSuspending = faults.FlushAsync,
    Serializer = new JsonStateSerializer(version.Upgrade),
    Command = Options.Command(),
    LoggerFactory = new EventLogger(options.Text("log-file")),
});

StartFaults start = StartFaults.Next(options.Text("faults"));
Server server = new(rebooter, options, version, faults, start);
List<Socket> listeners = [.. options.EndPoints().Select(e => rebooter.Listen(e))];
start.CrashIfAsked();
OwnPort.Open(options);
server.KeepState();
IServerKind kind = ServerKinds.Create(options.Text("kind") ?? "counter", server);
rebooter.Restore(saved =>
{
    start.RefuseIfAsked(saved.Id);
    return kind.Restore(saved);
});
using Handlers handlers = new(server);
handlers.Register();
rebooter.Ready();
server.TellReady(listeners);
foreach (Socket listener in listeners)
    kind.Serve(listener);
await handlers.RegisterLateAsync();
await server.Quit;

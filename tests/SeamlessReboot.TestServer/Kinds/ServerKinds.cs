using SeamlessReboot.TestServer.Sessions;

namespace SeamlessReboot.TestServer.Kinds;

/// <summary>The kinds by name.</summary>
internal static class ServerKinds
{
    public static IServerKind Create(string name, Server server) => name switch
    {
        "counter" when server.Version.Number == 3 => new CounterKind<CounterStateV3>(server),
        "counter" when server.Version.Number == 2 => new CounterKind<CounterStateV2>(server),
        "counter" => new CounterKind<CounterStateV1>(server),
        "pipe" => new PipeKind(server),
        "stream" => new StreamKind(server),
        "login" => new LoginKind(server),
        "gate" => new GateKind(server),
        "context" => new ContextKind(server),
        "polled" => new PolledKind(server),
        _ => throw new ArgumentException($"There is no kind of server named '{name}'."),
    };
}

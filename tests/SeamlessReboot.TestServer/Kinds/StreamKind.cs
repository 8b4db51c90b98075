using SeamlessReboot.TestServer.Sessions;

namespace SeamlessReboot.TestServer.Kinds;

/// <summary>Sessions in the old style: a StreamReader and a StreamWriter.</summary>
internal sealed class StreamKind(Server server) : AcceptingKind(server)
{
    public override IRebootSession Restore(RestoredSession saved) =>
        new StreamSession(saved.OpenConnection(), saved.ReadState<CounterStateV1>());

    protected override IRebootSession Create(SessionConnection connection) => new StreamSession(connection, new CounterStateV1 { Id = Server.NextId() });
}

using SeamlessReboot.TestServer.Sessions;

namespace SeamlessReboot.TestServer.Kinds;

/// <summary>Sessions that read and write through pipelines.</summary>
internal sealed class PipeKind(Server server) : AcceptingKind(server)
{
    public override IRebootSession Restore(RestoredSession saved) =>
        new PipeSession(saved.OpenConnection(), saved.ReadState<CounterStateV1>());

    protected override IRebootSession Create(SessionConnection connection) => new PipeSession(connection, new CounterStateV1 { Id = Server.NextId() });
}

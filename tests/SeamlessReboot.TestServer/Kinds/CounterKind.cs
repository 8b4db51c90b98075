using SeamlessReboot.TestServer.Sessions;

namespace SeamlessReboot.TestServer.Kinds;

/// <summary>Counting sessions that also take commands. The state has the shape of this version.</summary>
internal sealed class CounterKind<TState>(Server server) : AcceptingKind(server)
    where TState : class, ICounterState, new()
{
    public override IRebootSession Restore(RestoredSession saved) =>
        new CounterSession<TState>(Server, saved.OpenConnection(Server.Limits), saved.ReadState<TState>());

    protected override IRebootSession Create(SessionConnection connection) =>
        new CounterSession<TState>(Server, connection, new TState { Id = Server.NextId() });
}

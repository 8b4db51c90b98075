using SeamlessReboot.TestServer.Sessions;

namespace SeamlessReboot.TestServer.Kinds;

/// <summary>Sessions that begin at a login prompt.</summary>
internal sealed class LoginKind(Server server) : AcceptingKind(server)
{
    public override IRebootSession Restore(RestoredSession saved) =>
        new LoginSession(Server, saved.OpenConnection(), saved.ReadState<LoginState>());

    protected override IRebootSession Create(SessionConnection connection) => new LoginSession(Server, connection, new LoginState { Id = Server.NextId() });
}

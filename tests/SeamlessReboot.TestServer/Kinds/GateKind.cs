using SeamlessReboot.TestServer.Sessions;

namespace SeamlessReboot.TestServer.Kinds;

/// <summary>A gate around each command, and around the work that goes on beside the sessions.</summary>
internal sealed class GateKind(Server server) : AcceptingKind(server)
{
    public override IRebootSession Restore(RestoredSession saved) =>
        new GateSession(Server, saved.OpenConnection(), saved.ReadState<CounterStateV1>());

    protected override IRebootSession Create(SessionConnection connection) =>
        new GateSession(Server, connection, new CounterStateV1 { Id = Server.NextId() });

    protected override void Start() => _ = WorkAsync();

    private async Task WorkAsync()
    {
        while (true)
        {
            await Task.Delay(5);
            using (await Server.Rebooter.EnterAsync())
            {
                Server.World.FirstHalf++;
                await Task.Delay(5);
                Server.World.SecondHalf++;
            }
        }
    }
}

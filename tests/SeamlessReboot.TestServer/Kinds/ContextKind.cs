using SeamlessReboot.TestServer.Sessions;

namespace SeamlessReboot.TestServer.Kinds;

/// <summary>Everything that changes the world runs on one thread, posted to its SynchronizationContext.</summary>
internal sealed class ContextKind(Server server) : AcceptingKind(server)
{
    private readonly SingleThread _thread = new();

    public override IRebootSession Restore(RestoredSession saved) =>
        new ContextSession(_thread, saved.OpenConnection(), saved.ReadState<CounterStateV1>());

    protected override IRebootSession Create(SessionConnection connection) =>
        new ContextSession(_thread, connection, new CounterStateV1 { Id = Server.NextId() });

    protected override void Start()
    {
        Server.Rebooter.AddSafePoint("world thread", _thread);
        _ = TickAsync();
    }

    private async Task TickAsync()
    {
        while (true)
        {
            await Task.Delay(5);
            await _thread.RunAsync(() =>
            {
                Server.World.FirstHalf++;
                Thread.Sleep(5);
                Server.World.SecondHalf++;
            });
        }
    }
}

namespace SeamlessReboot.TestServer.Sessions;

/// <summary>Enters the gate for each line.</summary>
internal sealed class GateSession(Server server, SessionConnection connection, CounterStateV1 state)
    : RebootSession<CounterStateV1>(connection, state)
{
    protected override async Task RunAsync()
    {
        while (await Connection.ReadLineAsync() is string line)
        {
            using (await server.Rebooter.EnterAsync())
            {
                State.Count++;
                await Task.Yield();
                await Connection.WriteAsync($"{State.Id} {State.Count} {line}\n");
            }
        }
    }
}

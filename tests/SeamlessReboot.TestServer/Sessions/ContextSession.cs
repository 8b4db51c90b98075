namespace SeamlessReboot.TestServer.Sessions;

/// <summary>Has each line handled on the world's one thread.</summary>
internal sealed class ContextSession(SingleThread world, SessionConnection connection, CounterStateV1 state)
    : RebootSession<CounterStateV1>(connection, state)
{
    protected override async Task RunAsync()
    {
        while (await Connection.ReadLineAsync() is string line)
        {
            string answer = "";
            await world.RunAsync(() => answer = $"{State.Id} {++State.Count} {line}\n");
            await Connection.WriteAsync(answer);
        }
    }
}

using System.Text;

namespace SeamlessReboot.TestServer.Sessions;

/// <summary>As most C# servers are written: a reader and a writer over the connection's stream.</summary>
internal sealed class StreamSession(SessionConnection connection, CounterStateV1 state) : RebootSession<CounterStateV1>(connection, state)
{
    protected override async Task RunAsync()
    {
        Stream stream = Connection.AsStream();
        StreamReader reader = new(stream, new UTF8Encoding(false));
        StreamWriter writer = new(stream, new UTF8Encoding(false)) { AutoFlush = true, NewLine = "\n" };
        while (await reader.ReadLineAsync() is string line)
            await writer.WriteLineAsync($"{State.Id} {++State.Count} {line}");
    }
}

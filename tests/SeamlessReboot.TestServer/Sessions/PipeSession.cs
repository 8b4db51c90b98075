using System.Buffers;
using System.IO.Pipelines;
using System.Text;

namespace SeamlessReboot.TestServer.Sessions;

/// <summary>Reads all that is there, answers all complete lines, and flushes once.</summary>
internal sealed class PipeSession(SessionConnection connection, CounterStateV1 state) : RebootSession<CounterStateV1>(connection, state)
{
    protected override async Task RunAsync()
    {
        while (true)
        {
            ReadResult input = await Connection.Input.ReadAsync();
            ReadOnlySequence<byte> rest = input.Buffer;
            while (rest.PositionOf((byte)'\n') is { } end)
            {
                string line = Encoding.UTF8.GetString(rest.Slice(0, end));
                Encoding.UTF8.GetBytes($"{State.Id} {++State.Count} {line}\n", Connection.Output);
                rest = rest.Slice(rest.GetPosition(1, end));
            }

            Connection.Input.AdvanceTo(rest.Start, rest.End);
            await Connection.Output.FlushAsync();
            if (input.IsCompleted)
                return;
        }
    }
}

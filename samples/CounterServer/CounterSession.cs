using System.Buffers;
using System.Buffers.Text;
using System.IO.Pipelines;
using System.Text;
using SeamlessReboot;

namespace CounterServer;

/// <summary>Answers every line with the session's number, its line count, and the line.</summary>
internal sealed class CounterSession(SessionConnection connection, CounterState state, Faults? faults)
    : RebootSession<CounterState>(connection, state)
{
    protected override async Task RunAsync()
    {
        while (true)
        {
            ReadResult input = await Connection.Input.ReadAsync();
            ReadOnlySequence<byte> rest = input.Buffer;
            while (rest.PositionOf((byte)'\n') is { } end)
            {
                if (faults is not null)
                {
                    string line = Encoding.UTF8.GetString(rest.Slice(0, end)).TrimEnd('\r');
                    faults.Commit(line);
                    await Task.Delay(Faults.WorkIn(line));
                    await faults.WhileDeafAsync();
                }

                Answer(rest.Slice(0, end));
                rest = rest.Slice(rest.GetPosition(1, end));
            }

            Connection.Input.AdvanceTo(rest.Start, rest.End);
            await Connection.Output.FlushAsync();
            if (input.IsCompleted)
                return;
        }
    }

    private void Answer(ReadOnlySequence<byte> line)
    {
        PipeWriter output = Connection.Output;
        Span<byte> span = output.GetSpan(64 + (int)line.Length);
        Utf8Formatter.TryFormat(State.Id, span, out int length);
        span[length++] = (byte)' ';
        Utf8Formatter.TryFormat(++State.Count, span[length..], out int written);
        length += written;
        span[length++] = (byte)' ';
        line.CopyTo(span[length..]);
        length += (int)line.Length;
        if (span[length - 1] == '\r')
            length--;
        span[length++] = (byte)'\n';
        output.Advance(length);
    }
}

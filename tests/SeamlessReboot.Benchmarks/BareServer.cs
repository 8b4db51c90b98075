using System.Buffers;
using System.Buffers.Text;
using System.IO.Pipelines;
using System.Net;
using System.Net.Sockets;

namespace SeamlessReboot.Benchmarks;

/// <summary>What CounterServer would be without the library: a socket, a pipe, and no way to reboot.</summary>
internal static class BareServer
{
    private static long _lastId;

    public static async Task<int> RunAsync()
    {
        using Socket listener = new(AddressFamily.InterNetwork, SocketType.Stream, ProtocolType.Tcp);
        listener.Bind(new IPEndPoint(IPAddress.Loopback, 0));
        listener.Listen(512);
        Console.WriteLine($"{{\"event\":\"ready\",\"port\":{((IPEndPoint)listener.LocalEndPoint!).Port},}}");
        while (true)
        {
            Socket client = await listener.AcceptAsync();
            client.NoDelay = true;
            Pipe pipe = new();
            _ = Task.Run(() => FillAsync(client, pipe.Writer));
            _ = Task.Run(() => AnswerAsync(client, pipe.Reader));
        }
    }

    private static async Task FillAsync(Socket client, PipeWriter writer)
    {
        while (true)
        {
            int count = await client.ReceiveAsync(writer.GetMemory(4096));
            if (count == 0)
                break;
            writer.Advance(count);
            await writer.FlushAsync();
        }

        await writer.CompleteAsync();
    }

    private static async Task AnswerAsync(Socket client, PipeReader reader)
    {
        long id = Interlocked.Increment(ref _lastId), count = 0;
        ArrayBufferWriter<byte> answer = new();
        while (true)
        {
            ReadResult input = await reader.ReadAsync();
            ReadOnlySequence<byte> rest = input.Buffer;
            while (rest.PositionOf((byte)'\n') is { } end)
            {
                Answer(answer, id, ++count, rest.Slice(0, end));
                rest = rest.Slice(rest.GetPosition(1, end));
            }

            reader.AdvanceTo(rest.Start, rest.End);
            for (int sent = 0; sent < answer.WrittenCount;)
                sent += await client.SendAsync(answer.WrittenMemory[sent..]);
            answer.ResetWrittenCount();
            if (input.IsCompleted)
                break;
        }

        client.Dispose();
    }

    private static void Answer(ArrayBufferWriter<byte> answer, long id, long count, ReadOnlySequence<byte> line)
    {
        Span<byte> span = answer.GetSpan(64 + (int)line.Length);
        Utf8Formatter.TryFormat(id, span, out int length);
        span[length++] = (byte)' ';
        Utf8Formatter.TryFormat(count, span[length..], out int written);
        length += written;
        span[length++] = (byte)' ';
        line.CopyTo(span[length..]);
        length += (int)line.Length;
        span[length++] = (byte)'\n';
        answer.Advance(length);
    }
}

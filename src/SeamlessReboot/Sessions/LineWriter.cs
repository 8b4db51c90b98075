using System.Buffers;
using System.Text;

namespace SeamlessReboot;

/// <summary>See <see cref="SessionConnection.AsWriter"/>.</summary>
internal sealed class LineWriter : TextWriter
{
    private readonly SessionConnection _connection;
    private readonly Encoder _encoder; // and not the encoding: half a surrogate pair may come in one write, half in the next
    private readonly Lock _gate = new();

    internal LineWriter(SessionConnection connection, Encoding encoding)
    {
        _connection = connection;
        _encoder = encoding.GetEncoder();
        Encoding = encoding;
        CoreNewLine = ['\r', '\n'];
    }

    public override Encoding Encoding { get; }

    public override void Write(char value) => Wait(SayAsync([value]));

    public override void Write(char[] buffer, int index, int count) => Wait(SayAsync(buffer.AsSpan(index, count)));

    public override void Write(ReadOnlySpan<char> buffer) => Wait(SayAsync(buffer));

    public override void Write(string? value) => Wait(SayAsync(value));

    public override void WriteLine(char[] buffer, int index, int count) => Wait(SayAsync(buffer.AsSpan(index, count), CoreNewLine));

    public override void WriteLine(ReadOnlySpan<char> buffer) => Wait(SayAsync(buffer, CoreNewLine));

    public override void WriteLine(string? value) => Wait(SayAsync(value, CoreNewLine));

    public override Task WriteAsync(char value) => SayAsync([value]).AsTask();

    public override Task WriteAsync(char[] buffer, int index, int count) => SayAsync(buffer.AsSpan(index, count)).AsTask();

    public override Task WriteAsync(ReadOnlyMemory<char> buffer, CancellationToken cancellationToken = default) =>
        SayAsync(buffer.Span, default, cancellationToken).AsTask();

    public override Task WriteAsync(string? value) => SayAsync(value).AsTask();

    public override Task WriteLineAsync(char value) => SayAsync([value], CoreNewLine).AsTask();

    public override Task WriteLineAsync(char[] buffer, int index, int count) => SayAsync(buffer.AsSpan(index, count), CoreNewLine).AsTask();

    public override Task WriteLineAsync(ReadOnlyMemory<char> buffer, CancellationToken cancellationToken = default) =>
        SayAsync(buffer.Span, CoreNewLine, cancellationToken).AsTask();

    public override Task WriteLineAsync(string? value) => SayAsync(value, CoreNewLine).AsTask();

    public override Task FlushAsync() => Task.CompletedTask;

    public override Task FlushAsync(CancellationToken cancellationToken) => Task.CompletedTask;

    private ValueTask SayAsync(ReadOnlySpan<char> text, ReadOnlySpan<char> lineEnd = default, CancellationToken cancellationToken = default)
    {
        byte[] buffer = ArrayPool<byte>.Shared.Rent(Encoding.GetMaxByteCount(text.Length + lineEnd.Length + 1));
        ValueTask written;
        lock (_gate)
        {
            int count = _encoder.GetBytes(text, buffer, flush: false);
            count += _encoder.GetBytes(lineEnd, buffer.AsSpan(count), flush: false);
            written = _connection.WriteAsync(buffer.AsMemory(0, count), cancellationToken);
        }

        ArrayPool<byte>.Shared.Return(buffer); // the connection has taken the bytes already, whatever it waits for
        return written;
    }

    private static void Wait(ValueTask write)
    {
        if (!write.IsCompletedSuccessfully)
            write.AsTask().GetAwaiter().GetResult();
    }
}

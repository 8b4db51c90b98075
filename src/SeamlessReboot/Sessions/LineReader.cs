using System.Text;

namespace SeamlessReboot;

/// <summary>See <see cref="SessionConnection.AsReader"/>.</summary>
internal sealed class LineReader(SessionConnection connection, Encoding encoding) : TextReader
{
    private string _line = ""; // that is handed out in pieces, with its line end
    private int _next;

    public override Task<string?> ReadLineAsync() => ReadLineAsync(CancellationToken.None).AsTask();

    public override ValueTask<string?> ReadLineAsync(CancellationToken cancellationToken)
    {
        if (_next == _line.Length)
            return connection.ReadTextAsync(encoding, withEnd: false, cancellationToken);
        ReadOnlySpan<char> rest = _line.AsSpan(_next);
        _next = _line.Length;
        return new(rest.EndsWith("\r\n") ? rest[..^2].ToString() : rest.TrimEnd('\n').ToString());
    }

    public override string? ReadLine() => Wait(ReadLineAsync(CancellationToken.None));

    public override async ValueTask<int> ReadAsync(Memory<char> buffer, CancellationToken cancellationToken = default)
    {
        if (_next == _line.Length && !buffer.IsEmpty)
        {
            _line = await connection.ReadTextAsync(encoding, withEnd: true, cancellationToken).ConfigureAwait(false) ?? "";
            _next = 0;
        }

        int count = Math.Min(buffer.Length, _line.Length - _next);
        _line.AsSpan(_next, count).CopyTo(buffer.Span);
        _next += count;
        return count;
    }

    public override Task<int> ReadAsync(char[] buffer, int index, int count) => ReadAsync(buffer.AsMemory(index, count)).AsTask();

    public override int Read(char[] buffer, int index, int count) => Wait(ReadAsync(buffer.AsMemory(index, count)));

    public override int Read(Span<char> buffer)
    {
        char[] copy = new char[buffer.Length];
        int count = Read(copy, 0, copy.Length);
        copy.AsSpan(0, count).CopyTo(buffer);
        return count;
    }

    public override int Read()
    {
        char[] one = new char[1];
        return Read(one, 0, 1) == 0 ? -1 : one[0];
    }

    /// <summary>As a <see cref="StreamReader"/>, -1 too where it would have to wait.</summary>
    public override int Peek() => _next == _line.Length ? -1 : _line[_next];

    private static T Wait<T>(ValueTask<T> read) => read.IsCompletedSuccessfully ? read.Result : read.AsTask().GetAwaiter().GetResult();
}

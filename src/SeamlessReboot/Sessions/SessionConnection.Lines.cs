using System.Text;

namespace SeamlessReboot;

public sealed partial class SessionConnection
{
    private int _lineRest; // of a line that AsStream has begun to hand out

    /// <summary>Reads one line of text, in <see cref="SessionConnectionOptions.Encoding"/>, without its line end (LF or CR LF).</summary>
    /// <param name="cancellationToken">Cancels the read; nothing is lost by that.</param>
    /// <returns>The line; null at the end of the input. An unfinished last line is returned as a line.</returns>
    /// <exception cref="InvalidDataException">The line is longer than <see cref="SessionConnectionOptions.InputLimit"/>.</exception>
    /// <exception cref="OperationCanceledException">The token was cancelled.</exception>
    public ValueTask<string?> ReadLineAsync(CancellationToken cancellationToken = default) =>
        ReadTextAsync(_options.Encoding, withEnd: false, cancellationToken);

    /// <summary>Reads one line as the bytes that the client sent, without its line end (LF or CR LF): for telnet, or where each client has an encoding of its own.</summary>
    /// <param name="cancellationToken">Cancels the read; nothing is lost by that.</param>
    /// <returns>The line; null at the end of the input. An unfinished last line is returned as a line.</returns>
    /// <exception cref="InvalidDataException">The line is longer than <see cref="SessionConnectionOptions.InputLimit"/>.</exception>
    /// <exception cref="OperationCanceledException">The token was cancelled.</exception>
    public async ValueTask<byte[]?> ReadLineBytesAsync(CancellationToken cancellationToken = default)
    {
        int length = await WaitForLineAsync(cancellationToken).ConfigureAwait(false);
        if (length == 0)
            return null;
        lock (_gate)
        {
            byte[] line = Line(length, withEnd: false).ToArray();
            Consume(length);
            return line;
        }
    }

    /// <summary>
    /// The connection as a reader of text, in place of a <see cref="StreamReader"/>. A line is taken from the connection when it is
    /// asked for, so that nothing is in the reader while the session waits.
    /// </summary>
    /// <param name="encoding">In place of <see cref="SessionConnectionOptions.Encoding"/>. No byte order mark is looked for.</param>
    /// <exception cref="ArgumentException">A line end is not the one byte 10 in the encoding.</exception>
    /// <remarks>
    /// Lines end with LF or CR LF. Read by lines: who reads by characters and stops in the middle of a line leaves its rest in the
    /// reader. Disposing the reader does nothing.
    /// </remarks>
    public TextReader AsReader(Encoding? encoding = null) => new LineReader(this, LineEncoding.Require(encoding ?? _options.Encoding));

    /// <summary>
    /// The connection as a writer of text, in place of a <see cref="StreamWriter"/>. It keeps nothing back, so it need not be flushed.
    /// Thread-safe; a line of text is one write.
    /// </summary>
    /// <param name="encoding">In place of <see cref="SessionConnectionOptions.Encoding"/>. No byte order mark is written.</param>
    /// <exception cref="ArgumentException">A line end is not the one byte 10 in the encoding.</exception>
    /// <remarks>
    /// <see cref="TextWriter.NewLine"/> is CR LF. The synchronous methods block, and the others wait, as
    /// <see cref="WriteAsync(string, CancellationToken)"/> does. Disposing the writer does nothing.
    /// </remarks>
    public TextWriter AsWriter(Encoding? encoding = null) => new LineWriter(this, LineEncoding.Require(encoding ?? _options.Encoding));

    /// <summary>
    /// The connection as a stream, for servers that read lines through something that wants one. A read returns bytes of one whole
    /// line at most, so that a reader of lines on top holds nothing when it asks for more. For text there is <see cref="AsReader"/>.
    /// </summary>
    /// <remarks>
    /// If a <see cref="StreamReader"/> or <see cref="StreamWriter"/> is to be on top, make it with <c>new UTF8Encoding(false)</c> and
    /// without detection of byte order marks. A writer would put such a mark into the middle of the session after each reboot, and
    /// a reader takes the bytes FF FE, with which telnet refuses an option, for the mark of UTF-16. Disposing the stream closes the
    /// connection as <see cref="DisposeAsync"/> does, and does not wait for that if it is disposed synchronously.
    /// </remarks>
    public Stream AsStream() => new LineStream(this);

    internal async ValueTask<string?> ReadTextAsync(Encoding encoding, bool withEnd, CancellationToken cancellationToken)
    {
        int length = await WaitForLineAsync(cancellationToken).ConfigureAwait(false);
        return length == 0 ? null : TakeLine(length, encoding, withEnd);
    }

    /// <summary>Copies bytes of the current line; fetches the next line when that one is done.</summary>
    internal async ValueTask<int> ReadOfLineAsync(Memory<byte> destination, CancellationToken cancellationToken)
    {
        if (destination.IsEmpty)
            return 0;
        // In the middle of a line is no safe point: the rest is handed out even while suspending.
        if (_lineRest == 0)
            _lineRest = await WaitForLineAsync(cancellationToken).ConfigureAwait(false);
        lock (_gate)
        {
            int count = Math.Min(_lineRest, destination.Length);
            _in.AsSpan(_inStart, count).CopyTo(destination.Span);
            _lineRest -= count;
            Consume(count);
            return count;
        }
    }

    /// <summary>The length of the next line, with its line end; at the end of the input, of what is left.</summary>
    private async ValueTask<int> WaitForLineAsync(CancellationToken cancellationToken)
    {
        while (true)
        {
            await WaitForInputAsync(cancellationToken).ConfigureAwait(false);
            lock (_gate)
            {
                if (FindLine() is int length and > 0)
                    return length;
                if (ComesNoMore)
                    return 0;
                _readCanceled = false;
            }
        }
    }

    /// <summary>The length of the next line, with its line end; at the end of the input, of what is left; 0 if there is none.</summary>
    private int FindLine()
    {
        if (_closing)
            return 0;
        int newLine = _in.AsSpan(_examined, _inEnd - _examined).IndexOf((byte)'\n');
        if (newLine >= 0)
            return _examined + newLine + 1 - _inStart;
        _examined = _inEnd;
        return _inputEnded ? _inEnd - _inStart : 0;
    }

    private string TakeLine(int length, Encoding encoding, bool withEnd = false)
    {
        lock (_gate)
        {
            try
            {
                return encoding.GetString(Line(length, withEnd));
            }
            finally
            {
                Consume(length); // even if the encoding throws: the line would come again and again
            }
        }
    }

    private ReadOnlySpan<byte> Line(int length, bool withEnd)
    {
        ReadOnlySpan<byte> line = _in.AsSpan(_inStart, length);
        if (withEnd || line[^1] != '\n')
            return line;
        return line.EndsWith("\r\n"u8) ? line[..^2] : line[..^1];
    }
}

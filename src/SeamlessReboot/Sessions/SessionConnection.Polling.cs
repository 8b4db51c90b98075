using System.Diagnostics.CodeAnalysis;

namespace SeamlessReboot;

// For a loop that asks every connection in turn and waits for none. PolledSession is the session for it.
public sealed partial class SessionConnection
{
    /// <summary>
    /// True when no more input comes: the client has ended it and everything was read, or the connection has been closed. For loops
    /// that poll with <see cref="TryReadLine"/> or <see cref="TryRead"/>; a read that waits says so itself.
    /// </summary>
    public bool IsInputOver
    {
        get
        {
            lock (_gate)
                return _closing || (_flow == Flow.Running && _inputEnded && _inStart == _inEnd);
        }
    }

    /// <summary>Receives what the client has sent, and takes one line of it, without its line end (LF or CR LF). Never waits.</summary>
    /// <param name="line">The line, in <see cref="SessionConnectionOptions.Encoding"/>. An unfinished last line is a line too.</param>
    /// <returns>
    /// False when there is no whole line yet, and when the input is over: see <see cref="IsInputOver"/>. While the connection is suspended
    /// nothing more is received, but what was received is still handed out: a loop that waits for the kernel would not come back for it.
    /// </returns>
    /// <exception cref="InvalidDataException">
    /// The line is longer than <see cref="SessionConnectionOptions.InputLimit"/>. Thrown each time, until the connection is closed; or set
    /// <see cref="SessionConnectionOptions.CloseAtLimits"/>.
    /// </exception>
    /// <exception cref="InvalidOperationException">A read waits. A connection has one reader at a time.</exception>
    public bool TryReadLine([NotNullWhen(true)] out string? line)
    {
        lock (_gate)
        {
            line = null;
            if (_flow == Flow.Captured)
                return false;
            _readCanceled = false; // of a read; nothing waits here
            int length;
            while ((length = FindLine()) == 0 && !ComesNoMore && _flow == Flow.Running && TryReceive())
            {
            }

            line = length == 0 ? null : TakeLine(length, _options.Encoding);
            return line is not null;
        }
    }

    /// <summary>Receives what the client has sent, and takes as much of it as fits. Never waits.</summary>
    /// <param name="destination">Where to.</param>
    /// <param name="count">How many bytes were taken.</param>
    /// <returns>
    /// False when there are none, and when the input is over: see <see cref="IsInputOver"/>. While the connection is suspended nothing more
    /// is received, but what was received is still handed out.
    /// </returns>
    /// <exception cref="InvalidOperationException">A read waits. A connection has one reader at a time.</exception>
    public bool TryRead(Span<byte> destination, out int count)
    {
        lock (_gate)
        {
            count = 0;
            if (_flow == Flow.Captured || _closing)
                return false;
            _readCanceled = false; // of a read; nothing waits here
            if (_inStart == _inEnd && _flow == Flow.Running)
                TryReceive();
            count = Math.Min(_inEnd - _inStart, destination.Length);
            _in.AsSpan(_inStart, count).CopyTo(destination);
            Consume(count);
            return count > 0;
        }
    }

    /// <summary>Takes from the kernel what is there, if the reader has seen all that was taken before.</summary>
    /// <returns>Whether there is something to see: bytes, the end, a cancellation.</returns>
    private bool TryReceive()
    {
        RequireNoRead();
        if (!HasNewInput && !ComesNoMore && !_readCanceled)
        {
            if (!IsInputFull)
                Receive();
            else if (!CloseForTooLong())
                throw TooLong();
        }

        return HasNewInput || ComesNoMore || _readCanceled;
    }
}

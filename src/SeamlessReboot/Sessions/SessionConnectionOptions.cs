using System.Text;

namespace SeamlessReboot;

/// <summary>
/// Limits of one <see cref="SessionConnection"/>, which bound the memory that a client can make the server use; and how it reads text.
/// </summary>
public sealed class SessionConnectionOptions
{
    private readonly int _inputLimit = 64 * 1024;
    private readonly int _outputLimit = 256 * 1024;
    private readonly TimeSpan _closeTimeout = TimeSpan.FromSeconds(5);
    private readonly Encoding _encoding = LineEncoding.Default;

    /// <summary>
    /// The longest message, in bytes: as much unread input is buffered at most. A longer line makes the read throw
    /// <see cref="InvalidDataException"/>. Default 64 KiB.
    /// </summary>
    /// <exception cref="ArgumentOutOfRangeException">Less than 1.</exception>
    public int InputLimit
    {
        get => _inputLimit;
        init
        {
            ArgumentOutOfRangeException.ThrowIfLessThan(value, 1);
            _inputLimit = value;
        }
    }

    /// <summary>
    /// Unsent output, in bytes, from which on writing waits for the client (and <see cref="SessionConnection.TryWrite(string)"/>
    /// refuses). While a reboot suspends the sessions writing does not wait, so that they can finish what they do. Default 256 KiB.
    /// </summary>
    /// <exception cref="ArgumentOutOfRangeException">Less than 1.</exception>
    public int OutputLimit
    {
        get => _outputLimit;
        init
        {
            ArgumentOutOfRangeException.ThrowIfLessThan(value, 1);
            _outputLimit = value;
        }
    }

    /// <summary>
    /// Whether a client that passes a limit is disconnected, as IRC servers do: one that sends a longer message than
    /// <see cref="InputLimit"/>, or has left more than <see cref="OutputLimit"/> bytes unsent by not reading. Its unread input and unsent output
    /// are lost, a read says that the input is over, and writing neither waits nor throws. Its socket is closed then: a loop around
    /// <see cref="System.Net.Sockets.Socket.Select(System.Collections.IList, System.Collections.IList, System.Collections.IList, int)"/> has to take it out first.
    /// While a reboot suspends the sessions nobody is disconnected. Default false: then such a read throws, and such a write waits.
    /// </summary>
    public bool CloseAtLimits { get; init; }

    /// <summary>
    /// What text is read and written in, where it is read and written as text. A byte order mark is never looked for nor written.
    /// Default UTF-8.
    /// </summary>
    /// <exception cref="ArgumentNullException">Null.</exception>
    /// <exception cref="ArgumentException">A line end is not the one byte 10 in the encoding, as in UTF-16.</exception>
    public Encoding Encoding
    {
        get => _encoding;
        init => _encoding = LineEncoding.Require(value);
    }

    /// <summary>
    /// How long <see cref="SessionConnection.DisposeAsync"/> waits for a client to take the last of its output. Default 5 seconds.
    /// </summary>
    /// <exception cref="ArgumentOutOfRangeException">Negative, or more than 24 days.</exception>
    public TimeSpan CloseTimeout
    {
        get => _closeTimeout;
        init
        {
            ArgumentOutOfRangeException.ThrowIfLessThan(value, TimeSpan.Zero);
            ArgumentOutOfRangeException.ThrowIfGreaterThan(value, TimeSpan.FromMilliseconds(int.MaxValue)); // a timer's most
            _closeTimeout = value;
        }
    }
}

namespace SeamlessReboot;

/// <summary>Limits of one <see cref="SessionConnection"/>. They bound the memory that a client can make the server use.</summary>
public sealed class SessionConnectionOptions
{
    private readonly int _inputLimit = 64 * 1024;
    private readonly int _outputLimit = 256 * 1024;
    private readonly TimeSpan _closeTimeout = TimeSpan.FromSeconds(5);

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
    /// Unsent output, in bytes, from which on writing waits for the client (and <see cref="SessionConnection.TryWrite"/>
    /// refuses). While a reboot suspends the sessions it does not wait, so that they can finish what they do. Default 256 KiB.
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

namespace SeamlessReboot;

/// <summary>What is carried of one session. Immutable.</summary>
public sealed class SessionSnapshot
{
    /// <summary>Bytes that the server has taken from the socket and not yet acted on. Empty is a statement, so it has to be made.</summary>
    public required ReadOnlyMemory<byte> UnreadInput { get; init; }

    /// <summary>Bytes that the server has said and the socket has not yet taken. Empty is a statement, so it has to be made.</summary>
    public required ReadOnlyMemory<byte> UnsentOutput { get; init; }

    /// <summary>The session's state, or null if it has none. It is serialized at once, so it need not be a copy.</summary>
    public object? State { get; init; }

    /// <summary>The type that the state is written and read as; <see cref="State"/>'s own if not given.</summary>
    public Type? StateType { get; init; }

    /// <summary>For servers with several kinds of session: which it is. Comes back as <see cref="RestoredSession.Kind"/>.</summary>
    public string Kind { get; init; } = "";

    /// <summary>The session has ended, and only its unsent output is still to be delivered before the connection is closed.</summary>
    public bool HasEnded { get; init; }
}

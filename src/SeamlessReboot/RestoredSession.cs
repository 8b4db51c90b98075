using System.Net;
using System.Net.Sockets;

namespace SeamlessReboot;

/// <summary>
/// A session as the image before left it, to be turned into a living one by the callback of
/// <see cref="Rebooter.Restore(Func{RestoredSession, IRebootSession}, Action)"/>.
/// </summary>
/// <remarks>Valid during the callback.</remarks>
public sealed class RestoredSession
{
    private readonly IStateSerializer _serializer;
    private readonly ReadOnlyMemory<byte> _state;
    private readonly EndPoint? _recordedEndPoint; // where the socket is not the client's

    internal RestoredSession(long id, string kind, Socket socket, ReadOnlyMemory<byte> unread, ReadOnlyMemory<byte> unsent,
        ReadOnlyMemory<byte> state, IStateSerializer serializer, EndPoint? recordedEndPoint = null)
    {
        Id = id;
        Kind = kind;
        Socket = socket;
        UnreadInput = unread;
        UnsentOutput = unsent;
        _state = state;
        _serializer = serializer;
        _recordedEndPoint = recordedEndPoint;
    }

    /// <summary>The session's number, the same as before.</summary>
    public long Id { get; }

    /// <summary>As given in <see cref="SessionSnapshot.Kind"/>.</summary>
    public string Kind { get; }

    /// <summary>The client's connection. Servers with their own buffers use it directly; others call <see cref="OpenConnection"/>.</summary>
    public Socket Socket { get; }

    /// <summary>The client's address, or null if it has gone in the meantime.</summary>
    public EndPoint? RemoteEndPoint => _recordedEndPoint ?? SessionConnection.RemoteEndPointOf(Socket);

    /// <summary>
    /// How old the state is. Zero after a reboot; after a crash, the time since the checkpoint that the state comes from: what the
    /// client has typed and been told since then is not in it.
    /// </summary>
    public TimeSpan StateAge { get; internal init; }

    /// <summary>What had been read and not acted on. To be acted on before anything is read.</summary>
    public ReadOnlyMemory<byte> UnreadInput { get; }

    /// <summary>What had been said and not sent. To be sent before anything else is.</summary>
    public ReadOnlyMemory<byte> UnsentOutput { get; }

    /// <summary>Reads the session's state.</summary>
    /// <typeparam name="TState">The type it was captured as, in this version's shape.</typeparam>
    /// <exception cref="InvalidDataException">There is no state, or it is null. Exceptions of the serializer come through as they are.</exception>
    /// <remarks>Let exceptions leave the callback: they make this one session a quarantined one.</remarks>
    public TState ReadState<TState>()
    {
        if (_state.IsEmpty)
            throw new InvalidDataException($"Session {Id} was captured without state.");
        return _serializer.Deserialize(_state, typeof(TState)) is TState state
            ? state
            : throw new InvalidDataException($"The state of session {Id} is null.");
    }

    /// <summary>The connection with its unread input and unsent output. It runs when the session is resumed.</summary>
    /// <param name="options">Limits; the defaults if null.</param>
    public SessionConnection OpenConnection(SessionConnectionOptions? options = null) =>
        new(Socket, options, UnreadInput.Span, UnsentOutput.Span, _recordedEndPoint);
}

namespace SeamlessReboot;

/// <summary>
/// A session without a loop of its own: the application's one loop polls its connection, as many MUDs do. Add that loop's safe
/// point with <see cref="Rebooter.AddSafePoint(string)"/>: it is what stops these sessions for a reboot.
/// </summary>
/// <remarks>
/// <para>Each round the loop takes what has come with <see cref="SessionConnection.TryReadLine"/> (or
/// <see cref="SessionConnection.TryRead"/>, or <see cref="SessionConnection.Input"/>'s TryRead), answers with
/// <see cref="SessionConnection.TryWrite(string)"/>, and closes the connection when <see cref="SessionConnection.IsInputOver"/> says so.
/// Neither input nor output needs a buffer or a task of the application: what the client does not take is sent when it does.
/// The session ends, and is no longer carried, when its connection is closed.</para>
/// <code>
/// while (true)
/// {
///     safePoint.Poll();
///     foreach (Player player in players)
///     {
///         while (player.Connection.TryReadLine(out string? line))
///             Obey(player, line);
///         if (player.Connection.IsInputOver)
///             Leave(player); // takes it from the list, and calls player.Connection.Dispose()
///     }
///
///     Tick();
/// }
/// </code>
/// </remarks>
/// <typeparam name="TState">What is carried besides the bytes.</typeparam>
public class PolledSession<TState> : RebootSession<TState>
{
    private readonly Func<TState>? _capture;

    /// <summary>A session whose state is in <see cref="RebootSession{TState}.State"/>, or for a class of your own.</summary>
    /// <param name="connection">The client's connection; closed by the application.</param>
    /// <param name="state">The state: fresh, or from <see cref="RestoredSession.ReadState{TState}"/>.</param>
    public PolledSession(SessionConnection connection, TState state)
        : base(connection, state)
    {
    }

    /// <summary>A session whose state is somewhere else, in the application's own objects.</summary>
    /// <param name="connection">The client's connection; closed by the application.</param>
    /// <param name="capture">Gives the state to carry. See <see cref="RebootSession{TState}.CaptureState"/>.</param>
    public PolledSession(SessionConnection connection, Func<TState> capture)
        : base(connection, default!)
    {
        ArgumentNullException.ThrowIfNull(capture);
        _capture = capture;
    }

    private protected sealed override bool IsPolled => true;

    /// <summary>Waits for the connection to be closed. What the session does is in the application's loop.</summary>
    protected sealed override Task RunAsync() => Connection.Closed;

    /// <inheritdoc/>
    protected override TState CaptureState() => _capture is null ? base.CaptureState() : _capture();
}

namespace SeamlessReboot;

/// <summary>
/// A session without a loop of its own: the application's one loop polls its connection, as many MUDs do. Add that loop's safe
/// point with <see cref="Rebooter.AddSafePoint(string)"/>: it is what stops these sessions for a reboot.
/// </summary>
/// <remarks>
/// <para>Each round the loop takes what has come with <see cref="SessionConnection.TryReadLine"/> (or
/// <see cref="SessionConnection.TryRead"/>, or <see cref="SessionConnection.Input"/>'s TryRead), answers with
/// <see cref="SessionConnection.TryWrite"/>, and closes the connection when <see cref="SessionConnection.IsInputOver"/> says so.
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
/// <param name="connection">The client's connection; closed by the application.</param>
/// <param name="state">The state: fresh, or from <see cref="RestoredSession.ReadState{TState}"/>.</param>
public abstract class PolledSession<TState>(SessionConnection connection, TState state) : RebootSession<TState>(connection, state)
{
    private protected sealed override bool IsPolled => true;

    /// <summary>Waits for the connection to be closed. What the session does is in the application's loop.</summary>
    protected sealed override Task RunAsync() => Connection.Closed;
}

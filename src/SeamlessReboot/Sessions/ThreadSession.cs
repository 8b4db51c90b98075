namespace SeamlessReboot;

/// <summary>
/// A session that blocks: it has a thread of its own, on which it reads, acts and writes, with
/// <see cref="SessionConnection.AsReader"/> and <see cref="SessionConnection.AsWriter"/> for example, until the client has gone.
/// </summary>
/// <remarks>
/// As with every session, a read is where a reboot may come, and the code starts from its top in the next image: all that it knows at a
/// read has to be in the state. A thread waits in its read through a reboot that is called off, and never learns of it.
/// </remarks>
/// <typeparam name="TState">What is carried besides the bytes. It has to be readable by the server's <see cref="IStateSerializer"/>.</typeparam>
/// <param name="connection">The client's connection; closed by this class.</param>
/// <param name="state">The state: fresh, or from <see cref="RestoredSession.ReadState{TState}"/>.</param>
/// <param name="run">The session. When it returns or throws, the connection is closed.</param>
public class ThreadSession<TState>(SessionConnection connection, TState state, Action run) : RebootSession<TState>(connection, state)
{
    private readonly Action _run = run ?? throw new ArgumentNullException(nameof(run));

    /// <summary>Runs the session on a thread of its own.</summary>
    protected sealed override Task RunAsync() =>
        Task.Factory.StartNew(_run, CancellationToken.None, TaskCreationOptions.LongRunning | TaskCreationOptions.DenyChildAttach, TaskScheduler.Default);
}

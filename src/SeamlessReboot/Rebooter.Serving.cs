using System.Net.Sockets;
using SeamlessReboot.Descriptors;
using SeamlessReboot.Spool;

namespace SeamlessReboot;

// What an application calls while it serves.
public sealed partial class Rebooter
{
    /// <summary>The number of living sessions.</summary>
    public int SessionCount => _hall.Population.Count;

    /// <summary>The living sessions, in the order in which they were added.</summary>
    public IReadOnlyList<IRebootSession> GetSessions() => [.. _hall.Population.Entries().Select(e => e.Session)];

    /// <summary>
    /// Accepts a client. During a reboot it waits; a client that was accepted and not yet added comes out again, here, in the
    /// next image, if nothing has been read from it or written to it.
    /// </summary>
    /// <remarks>
    /// What the kernel refuses for a while (no descriptor left, no memory, a client that has gone) is said once in the log and tried again.
    /// The last few descriptors are not given to clients: a process without any can start no thread.
    /// </remarks>
    /// <param name="listener">From <see cref="Listen"/>.</param>
    /// <param name="cancellationToken">Stops waiting; no client is lost by that.</param>
    /// <returns>The client's socket. Make a session of it and <see cref="Add"/> that before you read or write.</returns>
    /// <exception cref="ArgumentException">The listener does not come from <see cref="Listen"/>.</exception>
    /// <exception cref="SocketException">The listener has failed.</exception>
    /// <exception cref="ObjectDisposedException">The listener is closed, by <see cref="Unlisten"/> or without.</exception>
    /// <exception cref="OperationCanceledException">The token was cancelled.</exception>
    public ValueTask<Socket> AcceptAsync(Socket listener, CancellationToken cancellationToken = default)
    {
        ArgumentNullException.ThrowIfNull(listener);
        return _hall.Acceptor.AcceptAsync(listener, NameOf(listener), farewell: null, cancellationToken);
    }

    /// <summary>
    /// Accepts a client that cannot be carried, because what it says is encrypted, or meant for something that ends with this process.
    /// The application serves it until the very end of this image. Then the next image says farewell to it and closes it; if the reboot is
    /// called off, nothing has been said. Under a supervisor, a death of this process simply closes it.
    /// </summary>
    /// <param name="listener">From <see cref="Listen"/>.</param>
    /// <param name="carry">False. With true, it is the same as <see cref="AcceptAsync(Socket, CancellationToken)"/>.</param>
    /// <param name="farewell">The bytes that the client is told last, in its own protocol. Default: none.</param>
    /// <param name="cancellationToken">Stops waiting; no client is lost by that.</param>
    /// <returns>The client's socket. Yours to dispose. <see cref="Add"/> takes it too; then it is carried from there on.</returns>
    /// <exception cref="ArgumentException">The listener does not come from <see cref="Listen"/>; or a farewell for one that is carried.</exception>
    /// <exception cref="SocketException">The listener has failed.</exception>
    /// <exception cref="ObjectDisposedException">The listener is closed, by <see cref="Unlisten"/> or without.</exception>
    /// <exception cref="OperationCanceledException">The token was cancelled.</exception>
    public ValueTask<Socket> AcceptAsync(Socket listener, bool carry, ReadOnlyMemory<byte> farewell = default, CancellationToken cancellationToken = default)
    {
        ArgumentNullException.ThrowIfNull(listener);
        if (carry && !farewell.IsEmpty)
            throw new ArgumentException("A client that is carried is told no farewell. Pass carry: false, or no farewell.", nameof(farewell));
        return _hall.Acceptor.AcceptAsync(listener, NameOf(listener), carry ? null : farewell.ToArray(), cancellationToken);
    }

    /// <summary>
    /// Accepts clients for as long as the listener is open, makes a session of each and adds it: <see cref="AcceptAsync(Socket, CancellationToken)"/>
    /// and <see cref="AddAsync"/> in a loop.
    /// </summary>
    /// <param name="listener">From <see cref="Listen"/>.</param>
    /// <param name="newSession">
    /// Makes the session; called for one client at a time. If it throws, that client is disconnected and the log says why. It should neither
    /// read nor write: the session does that when it runs.
    /// </param>
    /// <param name="options">Limits of the connections; the defaults if null.</param>
    /// <param name="cancellationToken">Stops accepting; the sessions live on, and no client is lost by that.</param>
    /// <returns>A task that ends when the listener has been closed, by <see cref="Unlisten"/> or <see cref="Dispose"/> for example.</returns>
    /// <exception cref="ArgumentException">The listener does not come from <see cref="Listen"/>.</exception>
    /// <exception cref="SocketException">The listener has failed.</exception>
    /// <exception cref="OperationCanceledException">The token was cancelled.</exception>
    public async Task ServeAsync(Socket listener, Func<SessionConnection, IRebootSession> newSession, SessionConnectionOptions? options = null,
        CancellationToken cancellationToken = default)
    {
        ArgumentNullException.ThrowIfNull(listener);
        ArgumentNullException.ThrowIfNull(newSession);
        string name = NameOf(listener);
        while (true)
        {
            Socket client;
            try
            {
                client = await AcceptAsync(listener, cancellationToken).ConfigureAwait(false);
            }
            catch (ObjectDisposedException)
            {
                return;
            }

            try
            {
                await AddAsync(newSession(new SessionConnection(client, options)), CancellationToken.None).ConfigureAwait(false);
            }
#pragma warning disable CA1031 // the application's code: one client must not end the loop for all
            catch (Exception e)
#pragma warning restore CA1031
            {
                client.Dispose();
                Log.NoSession(_hall.Context.Log, name, Failure.Text(e), e);
            }
        }
    }

    /// <summary>Adds a session and resumes it. From here on it is carried over reboots.</summary>
    /// <param name="session">The session. During a reboot the call waits.</param>
    /// <exception cref="ArgumentException">
    /// It has been added already, or another session with the same socket; or its socket is null, a datagram socket, or a listener.
    /// </exception>
    /// <exception cref="InvalidOperationException">Called before <see cref="Ready"/>, or from within a reboot.</exception>
    /// <exception cref="ObjectDisposedException">The session's socket is closed.</exception>
    public void Add(IRebootSession session)
    {
        Newcomer newcomer = Prepare(session);
        Run(_hall.Population.Add(session, newcomer.Identity, newcomer.WhenAdded));
    }

    /// <summary>As <see cref="Add"/>, without blocking a thread while a reboot is under way.</summary>
    /// <param name="session">The session.</param>
    /// <param name="cancellationToken">Ends the waiting; the session is not added then.</param>
    /// <exception cref="ArgumentException">
    /// It has been added already, or another session with the same socket; or its socket is null, a datagram socket, or a listener.
    /// </exception>
    /// <exception cref="InvalidOperationException">Called before <see cref="Ready"/>, or from within a reboot.</exception>
    /// <exception cref="ObjectDisposedException">The session's socket is closed.</exception>
    /// <exception cref="OperationCanceledException">The token was cancelled.</exception>
    public async ValueTask AddAsync(IRebootSession session, CancellationToken cancellationToken = default)
    {
        Newcomer newcomer = Prepare(session);
        Run(await _hall.Population.AddAsync(session, newcomer.Identity, newcomer.WhenAdded, cancellationToken).ConfigureAwait(false));
    }

    /// <summary>Takes a session out, because its connection has ended. Sessions derived from <see cref="RebootSession{TState}"/> do it themselves.</summary>
    /// <param name="session">The session. During a reboot the call waits.</param>
    /// <returns>False when it was not there.</returns>
    /// <exception cref="InvalidOperationException">Called from within a reboot.</exception>
    public bool Remove(IRebootSession session)
    {
        ArgumentNullException.ThrowIfNull(session);
        if (_hall.Population.Remove(session) is not SessionEntry entry)
            return false;
        _hall.Supervisor.ReleaseSession(entry);
        _hall.Acceptor.RoomWasMade();
        return true;
    }

    /// <summary>
    /// Writes one session's state now and not at the next checkpoint: where a crash must not take it back, as after a login, a logout
    /// or a payment. Call it where nothing of the session is half done. Sessions derived from <see cref="RebootSession{TState}"/> have
    /// SaveState for it.
    /// </summary>
    /// <param name="session">The session. During a reboot or a checkpoint the call waits.</param>
    /// <param name="snapshot">Its state, and the bytes it holds.</param>
    /// <returns>False when the session is not here, nobody holds descriptors, or it could not be written; the log says the last.</returns>
    public bool Save(IRebootSession session, SessionSnapshot snapshot)
    {
        ArgumentNullException.ThrowIfNull(session);
        ArgumentNullException.ThrowIfNull(snapshot);
        return _hall.SessionLog.RecordOf(session, () => snapshot) is SpoolRecord record
            && _hall.Population.With(session, entry => _hall.SessionLog.Append(entry, record));
    }

    /// <summary>Adds a loop that reboots have to stop at a safe point. See <see cref="SafePoint.Poll"/>.</summary>
    /// <param name="name">How reports call it.</param>
    public SafePoint AddSafePoint(string name) => _hall.Population.Add(new SafePoint(name, null, _hall.Population.Remove));

    /// <summary>Adds a single-threaded context: reboots hold it between two of its callbacks.</summary>
    /// <param name="name">How reports call it.</param>
    /// <param name="context">Where the application's code runs. The hold is posted to it.</param>
    public SafePoint AddSafePoint(string name, SynchronizationContext context)
    {
        ArgumentNullException.ThrowIfNull(context);
        return _hall.Population.Add(new SafePoint(name, context, _hall.Population.Remove));
    }

    /// <summary>
    /// A gate around a piece of work outside of sessions that a reboot must not interrupt: reboots wait for those inside, and
    /// let nobody in. Not re-entrant.
    /// </summary>
    /// <param name="cancellationToken">Ends the waiting.</param>
    /// <returns>To be disposed when the work is done.</returns>
    /// <exception cref="OperationCanceledException">The token was cancelled.</exception>
    public ValueTask<IDisposable> EnterAsync(CancellationToken cancellationToken = default) => _hall.Population.Gate.EnterAsync(cancellationToken);

    /// <summary>Asks for a reboot and returns at once. May be called from anywhere, inside a session too.</summary>
    /// <param name="reason">For log and report.</param>
    /// <returns>
    /// False when it was refused: one is under way, the rebooter is stopped, or this is no Linux. The log says which. A request
    /// made before <see cref="Ready"/>, or during a checkpoint, is taken up after it.
    /// </returns>
    public bool RequestReboot(string reason)
    {
        ArgumentNullException.ThrowIfNull(reason);
        if (IsSupported && _hall.Turns.Remember(reason))
            return true;
        if (_hall.Turns.Begin(reason, out RebootRun? run) is string refusal)
        {
            Log.Refused(_hall.Context.Log, reason, refusal);
            return false;
        }

        RebootRun.OnThread(() => _sequence.Run(run!));
        return true;
    }

    /// <summary>Reboots. For callers outside of any session: a session would wait for itself, and should use <see cref="RequestReboot"/>.</summary>
    /// <param name="reason">For log and report.</param>
    /// <returns>A task that fails when the reboot is called off. When it succeeds there is nobody left to be told.</returns>
    /// <exception cref="RebootException">The reboot was refused or called off; the server is serving as before.</exception>
    public async Task RebootAsync(string reason)
    {
        ArgumentNullException.ThrowIfNull(reason);
        RebootRun? run;
        while (_hall.Turns.Begin(reason, out run) is string refusal)
            await _hall.Turns.WhenCheckpointIsOver(refusal).ConfigureAwait(false);
        RebootRun.OnThread(() => _sequence.Run(run!));
        throw (await run!.Over.Task.ConfigureAwait(false))!;
    }

    /// <summary>
    /// Tries all that can be tried without a reboot: spool, free space, the program to start, and the new release itself, as
    /// <see cref="RebooterOptions.Rehearsal"/> says. Blocks until the rehearsal is over; everyone is served meanwhile. For callers outside
    /// of any session: a session would wait for itself.
    /// </summary>
    /// <param name="cancellationToken">Ends the rehearsal.</param>
    /// <returns>Which sessions the new release loads, how long it takes, and how long the pause is going to be.</returns>
    /// <exception cref="RebootException">A reboot would be called off now, and why.</exception>
    /// <exception cref="OperationCanceledException">The token was cancelled.</exception>
    public RehearsalReport CheckReboot(CancellationToken cancellationToken = default)
    {
        RebootRun? run;
        while (_hall.Turns.Begin("check", out run) is string refusal)
            _hall.Turns.WhenCheckpointIsOver(refusal).Wait(cancellationToken);
        using CancellationTokenRegistration cancellation = cancellationToken.Register(() => run!.Cancel("The check was cancelled."));
        try
        {
            return _sequence.Prepare(run!)!;
        }
        catch (OperationCanceledException) when (cancellationToken.IsCancellationRequested)
        {
            throw new OperationCanceledException(cancellationToken);
        }
        catch (Exception e) when (e is not RebootException)
        {
            throw new RebootException(run!.Stage, $"A reboot would be called off: {Failure.Text(e)}", e);
        }
        finally
        {
            run!.UndoAll(_hall.Context.Log);
            _hall.Turns.End();
            run.Over.TrySetResult(new RebootException(RebootStage.Check, "It was only a check."));
        }
    }

    /// <summary>Reboots because of a failure that the application has caught itself, with the same guard against loops as after a crash.</summary>
    /// <param name="failure">For log and report.</param>
    /// <param name="culprit">The session that it happened in, if known.</param>
    /// <returns>False when it could not, or has happened too often of late: exit then. Otherwise it does not return.</returns>
    public bool RebootAfter(Exception failure, IRebootSession? culprit = null)
    {
        ArgumentNullException.ThrowIfNull(failure);
        return IsSupported && _crashGuard.Reboot(failure, culprit ?? SessionContext.Current);
    }

    /// <summary>Asks for a checkpoint and returns at once. May be called from anywhere, inside a session too.</summary>
    /// <param name="reason">For log and report.</param>
    /// <returns>
    /// False when it was refused: there is no supervisor that holds descriptors, a reboot or a checkpoint is under way, or the
    /// rebooter is not ready or is stopped. The log says which.
    /// </returns>
    public bool RequestCheckpoint(string reason)
    {
        ArgumentNullException.ThrowIfNull(reason);
        return _checkpoints.Request(reason);
    }

    /// <summary>
    /// Takes a checkpoint. For callers outside of any session: a session would wait for itself, and should use
    /// <see cref="RequestCheckpoint"/>.
    /// </summary>
    /// <param name="reason">For log and report.</param>
    /// <exception cref="InvalidOperationException">It was refused; see <see cref="RequestCheckpoint"/>.</exception>
    /// <exception cref="IOException">It could not be taken; the one before is still there.</exception>
    public Task<CheckpointReport> CheckpointAsync(string reason)
    {
        ArgumentNullException.ThrowIfNull(reason);
        return _checkpoints.TakeAsync(reason);
    }

    private string NameOf(Socket listener)
    {
        if (_hall.Listeners.NameOf(listener) is string name)
            return name;
        ObjectDisposedException.ThrowIf(listener.SafeHandle.IsClosed, listener);
        throw new ArgumentException("The listener does not come from Rebooter.Listen, so it would not survive a reboot. Use Listen.", nameof(listener));
    }

    private Newcomer Prepare(IRebootSession session)
    {
        ArgumentNullException.ThrowIfNull(session);
        Socket socket = session.Socket
            ?? throw new ArgumentException("The session's Socket is null. It has to be the client's connection, from its construction on.", nameof(session));
        SessionConnection.RequireConnection(socket);
        byte[] identity = IsSupported ? FdIdentity.Of(socket.SafeHandle).Encode() : [];
        _hall.Population.RequireNew(session);
        SpoolRecord? record = _hall.SessionLog.RecordOf(session, session.Capture);
        return new Newcomer(identity, entry =>
        {
            _hall.Acceptor.Forget(socket);
            _hall.SessionLog.Hold(entry, record);
        });
    }

    private void Run(SessionEntry entry)
    {
        Attach(entry);
        entry.ResumeUnlessSuspended();
    }

    /// <summary>A session that is to be added, and what is done before anybody can see that it is there.</summary>
    private sealed record Newcomer(byte[] Identity, Action<SessionEntry> WhenAdded);

    // No thread of the pool waits for that while a reboot holds everyone.
    private async Task RemoveEndedAsync(IRebootSession session)
    {
        if (await _hall.Population.RemoveAsync(session).ConfigureAwait(false) is SessionEntry entry)
            _hall.Supervisor.ReleaseSession(entry);
    }

    // What sessions made by the base class say by themselves.
    private void Attach(SessionEntry entry)
    {
        if (entry.Session is not IEndingSession ending)
            return;
        ending.Ended = failure =>
        {
            if (failure is not null)
                Log.SessionFailed(_hall.Context.Log, entry.Id, Failure.Text(failure), failure);
            _ = RemoveEndedAsync(entry.Session);
        };
        ending.Saving = snapshot => Save(entry.Session, snapshot);
    }
}

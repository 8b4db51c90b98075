using System.Net.Sockets;

namespace SeamlessReboot;

/// <summary>
/// A session that is a loop over its connection's input: the base class for servers that do not own their buffers.
/// </summary>
/// <remarks>
/// <see cref="RunAsync"/> starts from its top in the next image. So at each read, all that the session knows has to be in
/// <see cref="State"/>: a local variable does not survive. The connection is closed when <see cref="RunAsync"/> returns or throws.
/// </remarks>
/// <typeparam name="TState">What is carried besides the bytes. It has to be readable by the server's <see cref="IStateSerializer"/>.</typeparam>
public abstract class RebootSession<TState> : IRebootSession, IEndingSession
{
    private readonly Lock _gate = new();
    private Task _running = Task.CompletedTask;
    private CancellationTokenSource? _suspending;
    private bool _isSuspending;
    private bool _isRunning;
    private bool _mayLeave; // this run of RunAsync has had a token that is cancelled
    private bool _ended;

    /// <param name="connection">The client's connection; closed by this class.</param>
    /// <param name="state">The state: fresh, or from <see cref="RestoredSession.ReadState{TState}"/>.</param>
    protected RebootSession(SessionConnection connection, TState state)
    {
        ArgumentNullException.ThrowIfNull(connection);
        Connection = connection;
        State = state;
    }

    /// <summary>The client's connection.</summary>
    public SessionConnection Connection { get; }

    /// <summary>What is carried over a reboot besides the bytes.</summary>
    public TState State { get; protected set; }

    Socket IRebootSession.Socket => Connection.Socket;

    Type IEndingSession.StateType => typeof(TState);

    bool IEndingSession.IsLeaving => Connection.IsClosed;

    Action<Exception?>? IEndingSession.Ended { get; set; }

    Action<SessionSnapshot>? IEndingSession.Saving { get; set; }

    /// <summary>See <see cref="SessionSnapshot.Kind"/>. Default: empty.</summary>
    protected virtual string Kind => "";

    /// <summary>
    /// Cancelled when the session is asked to suspend, for what waits on something else than the connection's input. Let the
    /// <see cref="OperationCanceledException"/> of this token leave <see cref="RunAsync"/>: that is a safe point, and
    /// <see cref="RunAsync"/> is called again when the session resumes. Ask for it anew for each wait. Wait with it instead of
    /// reading, not beside a read that is pending: the pending read alone already counts as the safe point.
    /// </summary>
    protected CancellationToken Suspending
    {
        get
        {
            lock (_gate)
            {
                _mayLeave |= _isSuspending;
                if (_isSuspending)
                    return new CancellationToken(canceled: true);
                return (_suspending ??= new CancellationTokenSource()).Token;
            }
        }
    }

    /// <summary>Whether the session's code runs in a loop of the application, which has a safe point of its own.</summary>
    private protected virtual bool IsPolled => false;

    /// <summary>
    /// Where <see cref="RunAsync"/> is called, for applications with a single-threaded context, which has to be the current one in
    /// its own callbacks. Give it to <see cref="Rebooter.AddSafePoint(string, SynchronizationContext)"/> too. Default: null, which is
    /// the thread pool.
    /// </summary>
    protected virtual SynchronizationContext? RunContext => null;

    /// <summary>
    /// The session: reads from <see cref="Connection"/>, acts, writes, until the input ends. Runs on <see cref="RunContext"/>.
    /// </summary>
    protected abstract Task RunAsync();

    /// <summary>
    /// The state to carry, asked for when every session is suspended. Override it where the truth is kept somewhere else, and
    /// <see cref="State"/> is only its shape for the reboot. Default: <see cref="State"/>.
    /// </summary>
    protected virtual TState CaptureState() => State;

    /// <summary>
    /// Writes the state now and not at the next checkpoint: where a crash must not take it back, as after a login, a logout or a
    /// payment. Call it in <see cref="RunAsync"/>, where nothing is half done. Does nothing unless a supervisor holds descriptors.
    /// </summary>
    protected void SaveState() => ((IEndingSession)this).Saving?.Invoke(new SessionSnapshot
    {
        UnreadInput = default,
        UnsentOutput = default,
        State = CaptureState(),
        StateType = typeof(TState),
        Kind = Kind,
    });

    void IRebootSession.Resume()
    {
        TaskCompletionSource run = NewSource();
        Connection.Resume();
        lock (_gate)
        {
            _isSuspending = false;
            if (_ended || _isRunning)
                return;
            _isRunning = true;
            _running = run.Task;
        }

        Start(run);
    }

    async ValueTask IRebootSession.SuspendAsync(CancellationToken cancellationToken)
    {
        if (IsPolled)
        {
            Connection.Suspend();
            return;
        }

        ValueTask quiet = Connection.SuspendAsync(cancellationToken);
        CancellationTokenSource? suspending;
        Task running;
        lock (_gate)
        {
            _isSuspending = true;
            suspending = _suspending;
            _mayLeave |= suspending is not null;
            _suspending = null;
            running = _running;
        }

        if (suspending is not null)
            await suspending.CancelAsync().ConfigureAwait(false);
        if (!quiet.IsCompletedSuccessfully && !running.IsCompleted)
            await (await Task.WhenAny(quiet.AsTask(), running).ConfigureAwait(false)).ConfigureAwait(false);
        // Quiet without a read: the connection has been closed, and who closed it may still be saying goodbye to the others.
        if (!Connection.IsReading && IsSuspending)
            await running.WaitAsync(cancellationToken).ConfigureAwait(false);
    }

    private bool IsSuspending
    {
        get
        {
            lock (_gate)
                return _isSuspending;
        }
    }

    SessionSnapshot IRebootSession.Capture() => Connection.Capture(CaptureState(), Kind);

    private void Start(TaskCompletionSource run)
    {
        try
        {
            if (RunContext is { } context)
                context.Post(state => _ = RunToEndAsync(run), null);
            else
                _ = Task.Run(() => RunToEndAsync(run));
        }
#pragma warning disable CA1031 // a context that takes nothing any more ends this session alone
        catch (Exception e)
#pragma warning restore CA1031
        {
            End(run, e);
        }
    }

    private async Task RunToEndAsync(TaskCompletionSource run)
    {
        SessionContext.Current = this;
        LoopRound.Current = null; // whichever loop has added it, it is not that loop
        Exception? error = null;
        lock (_gate)
            _mayLeave = false;
        try
        {
            await RunAsync().ConfigureAwait(false);
        }
        catch (OperationCanceledException) when (_mayLeave)
        {
            Leave(run);
            return;
        }
#pragma warning disable CA1031 // whatever a session throws ends that session alone
        catch (Exception e)
#pragma warning restore CA1031
        {
            error = e;
        }

        End(run, error);
    }

    /// <summary>The session stands at a safe point outside of RunAsync. Resume runs it again; if it is resumed already, this does.</summary>
    private void Leave(TaskCompletionSource run)
    {
        TaskCompletionSource? next = null;
        lock (_gate)
        {
            _isRunning = !_isSuspending;
            if (_isRunning)
                _running = (next = NewSource()).Task;
        }

        run.SetResult();
        if (next is not null)
            Start(next);
    }

    private void End(TaskCompletionSource run, Exception? error)
    {
        lock (_gate)
        {
            _isRunning = false;
            _ended = true;
        }

        _ = EndAsync(error);
        run.SetResult();
    }

    private static TaskCompletionSource NewSource() => new(TaskCreationOptions.RunContinuationsAsynchronously);

    private async Task EndAsync(Exception? error)
    {
        await Connection.DisposeAsync().ConfigureAwait(false);
        await Connection.Closed.ConfigureAwait(false);
        ((IEndingSession)this).Ended?.Invoke(error);
    }
}

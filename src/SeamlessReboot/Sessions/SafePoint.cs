namespace SeamlessReboot;

/// <summary>
/// A loop of the application that a reboot must not interrupt: it is held here, between two rounds, while state is captured.
/// </summary>
/// <remarks>
/// <para>Made by <see cref="Rebooter.AddSafePoint(string)"/>. Dispose it when the loop ends; a reboot waits for every safe point that
/// was added.</para>
/// <para>Between two polls the loop is never interrupted, so it need not enter the gate (<see cref="Rebooter.EnterAsync"/>). If it
/// does, it is let in to finish its round even though the reboot has closed the gate to everybody else, and is held at its next
/// poll. That holds for a loop whose work inside the gate is over by its next poll.</para>
/// </remarks>
public sealed class SafePoint : IDisposable
{
    private readonly SynchronizationContext? _context;
    private readonly Action<SafePoint> _remove;
    private readonly Lock _gate = new();
    private volatile Hold? _hold;
    private bool _disposed;
    private LoopRound _round;
    private bool _roundWasSeen; // at the gate
    private bool _roundsOverlap; // what one round began was still in the gate at the next
    private int _inside; // how many who carry a round of this loop are in the gate
    private TaskCompletionSource? _asked;

    internal SafePoint(string name, SynchronizationContext? context, Action<SafePoint> remove)
    {
        Name = name;
        _context = context;
        _remove = remove;
        _round = new LoopRound(this);
    }

    /// <summary>How reports call the loop.</summary>
    public string Name { get; }

    /// <summary>
    /// To be called where nothing is half done, at the top of the loop. Returns at once, unless a reboot wants the loop to
    /// stop: then it blocks until the process is replaced, or returns when the reboot has been called off.
    /// </summary>
    public void Poll()
    {
        BeginRound();
        // Again, if the next reboot has come before the loop was awake.
        while (_hold is { } hold)
        {
            Arrive(hold);
            hold.Released.Task.GetAwaiter().GetResult();
        }
    }

    /// <summary>
    /// As <see cref="Poll"/>, for a loop that awaits: no thread is blocked while the loop is held. To be awaited by the loop itself.
    /// </summary>
    /// <param name="cancellationToken">Heeded only where the loop may go on: a loop that is held is not woken by it.</param>
    /// <exception cref="OperationCanceledException">The token was cancelled.</exception>
    public ValueTask PollAsync(CancellationToken cancellationToken = default)
    {
        BeginRound(); // here, because what an async method does to its context does not reach the caller
        if (_hold is not null)
            return WaitForReleaseAsync(cancellationToken);
        return cancellationToken.IsCancellationRequested ? ValueTask.FromCanceled(cancellationToken) : ValueTask.CompletedTask;
    }

    /// <summary>The loop has ended; reboots no longer wait for it.</summary>
    public void Dispose()
    {
        _remove(this);
        lock (_gate)
        {
            _disposed = true;
            if (_hold is { } hold)
                Arrive(hold);
        }
    }

    /// <summary>Asks the loop to stop; completes when it has, and is not in the gate.</summary>
    internal Task HoldAsync()
    {
        Hold hold;
        lock (_gate)
        {
            if (_disposed)
                return Task.CompletedTask;
            if (_hold is not null)
                return _hold.Arrived.Task;
            _hold = hold = new Hold();
            _asked?.TrySetResult();
            _asked = null;
        }

        _context?.Post(static p => ((SafePoint)p!).Poll(), this);
        return hold.Arrived.Task;
    }

    internal void Release()
    {
        lock (_gate)
        {
            _hold?.Released.TrySetResult();
            _hold = null;
        }
    }

    /// <summary>A round of this loop enters the open gate.</summary>
    /// <returns>Whether <see cref="Leave"/> has to be called: it is the round that the loop is in.</returns>
    internal bool Enter(LoopRound round)
    {
        lock (_gate)
        {
            if (round != _round)
                return false; // started by the loop some time ago, and no part of it any more
            _roundWasSeen = true;
            _inside++;
            return true;
        }
    }

    /// <summary>
    /// A round of this loop meets the closed gate. It has to be let in when the loop is to stop: it cannot come to its safe point
    /// otherwise. Letting it in is always sound, because the loop has not stopped before everyone who was let in has left.
    /// </summary>
    /// <param name="round">The round.</param>
    /// <param name="asked">Completes when the loop is asked to stop, if it has not been yet.</param>
    internal bool EnterToFinish(LoopRound round, out Task? asked)
    {
        lock (_gate)
        {
            _roundWasSeen |= round == _round;
            asked = _hold is null ? (_asked ??= NewSource()).Task : null;
            // Where rounds overlap, it is a task that the loop has started, and may need the loop to run on before it leaves.
            return _hold is { IsAtPoint: false } && !_roundsOverlap && Enter(round);
        }
    }

    internal void Leave()
    {
        lock (_gate)
        {
            _inside--;
            if (_hold is { IsAtPoint: true } hold)
                Arrive(hold);
        }
    }

    private async ValueTask WaitForReleaseAsync(CancellationToken cancellationToken)
    {
        while (_hold is { } hold)
        {
            Arrive(hold);
            await hold.Released.Task.ConfigureAwait(false);
        }

        cancellationToken.ThrowIfCancellationRequested();
    }

    private void BeginRound()
    {
        if (_context is not null)
            return; // a callback among others
        lock (_gate)
        {
            _roundsOverlap |= _inside > 0;
            if (_roundWasSeen)
                _round = new LoopRound(this);
            _roundWasSeen = false;
        }

        LoopRound.Current = _round;
    }

    private void Arrive(Hold hold)
    {
        lock (_gate)
        {
            hold.IsAtPoint = true;
            if (_inside == 0)
                hold.Arrived.TrySetResult();
        }
    }

    private static TaskCompletionSource NewSource() => new(TaskCreationOptions.RunContinuationsAsynchronously);

    // One for each reboot: an event that is set and soon reset again can be missed by who waits for it.
    private sealed class Hold
    {
        internal TaskCompletionSource Arrived { get; } = NewSource();

        internal TaskCompletionSource Released { get; } = NewSource();

        internal bool IsAtPoint { get; set; }
    }
}

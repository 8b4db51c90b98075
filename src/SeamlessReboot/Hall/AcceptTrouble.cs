using System.Net.Sockets;
using SeamlessReboot.Posix;

namespace SeamlessReboot;

/// <summary>
/// What keeps clients from being let in for a while: said once, waited for in growing steps, and tried again at once when somebody has
/// left. Thread-safe.
/// </summary>
/// <remarks>
/// The last descriptors are not for clients. Without any, the runtime can start no thread and load no assembly: the thread pool comes to
/// a halt, or the process ends with "Out of memory", and with it everyone who is connected.
/// </remarks>
internal sealed class AcceptTrouble
{
    private const int MostHeadroom = 16, LeastPartOfLimit = 8, ClientsInARow = 16;
    private static readonly TimeSpan _shortest = TimeSpan.FromMilliseconds(5);
    private static readonly TimeSpan _longest = TimeSpan.FromSeconds(1);
    private static readonly TimeSpan _sayAgain = TimeSpan.FromMinutes(1);
    private readonly ServerContext _context;
    private readonly SpareDescriptors _spare;
    private readonly Lock _lock = new();
    private TaskCompletionSource _room = NewSource();
    private volatile int _lastForClients = LastForClients();
    private volatile bool _isFull;
    private volatile bool _isTrouble;
    private int _inARow;
    private int _waits;
    private long _saidAt;
    private bool _isSaid;

    internal AcceptTrouble(ServerContext context, SpareDescriptors spare)
    {
        _context = context;
        _spare = spare;
    }

    /// <summary>Whether another try can succeed. A listener that is closed or broken will not mend.</summary>
    internal static bool WillPass(SocketException failure) => failure.SocketErrorCode
        is not (SocketError.OperationAborted or SocketError.NotSocket or SocketError.InvalidArgument or SocketError.Fault);

    /// <summary>True when only those descriptors are left that the process needs for itself.</summary>
    internal bool IsFull()
    {
        if (!_isFull)
            return false;
        _lastForClients = LastForClients(); // somebody may have raised it
        return _isFull = Fd.NextFree() > _lastForClients;
    }

    /// <summary>A client was let in.</summary>
    internal void LetIn(string listener, int fd)
    {
        if (fd >= _lastForClients && fd >= (_lastForClients = LastForClients()))
            _isFull = true;
        else if (_isTrouble)
            End(listener);
    }

    /// <summary>Waits as long as it makes sense before the next try. No reboot waits for it.</summary>
    /// <param name="listener">For the log.</param>
    /// <param name="failure">What accept has said; null when it was not tried, because <see cref="IsFull"/>.</param>
    /// <param name="cancellationToken">Ends the waiting.</param>
    internal async Task WaitAsync(string listener, SocketException? failure, CancellationToken cancellationToken)
    {
        if (failure is not null && IsOfOneClient(failure) && Interlocked.Increment(ref _inARow) < ClientsInARow)
        {
            Log.ClientRefused(_context.Log, listener, failure.Message);
            return;
        }

        Task room;
        TimeSpan delay;
        bool say;
        lock (_lock)
        {
            _isTrouble = true;
            room = _room.Task;
            delay = _shortest * (1 << Math.Min(_waits++, 10));
            say = _saidAt == 0 || Time.GetElapsedTime(_saidAt) > _sayAgain;
            if (say)
                _saidAt = Time.GetTimestamp();
            _isSaid |= say;
        }

        if (say)
            Log.AcceptFailed(_context.Log, listener, Cause(failure), Remedy(failure));
        await room.WaitAsync(delay < _longest ? delay : _longest, Time, cancellationToken).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        // What a reboot has been left is not for clients.
        await _spare.Back.WaitAsync(cancellationToken).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        cancellationToken.ThrowIfCancellationRequested();
    }

    /// <summary>Somebody has left.</summary>
    internal void TryAgain()
    {
        _spare.Refill();
        if (!_isTrouble)
            return;
        TaskCompletionSource room;
        lock (_lock)
        {
            _waits = 0;
            room = _room;
            _room = NewSource();
        }

        room.TrySetResult();
    }

    private TimeProvider Time => _context.Options.TimeProvider;

    private void End(string listener)
    {
        bool wasSaid;
        lock (_lock)
        {
            _isTrouble = false;
            _inARow = _waits = 0;
            wasSaid = _isSaid;
            _isSaid = false;
        }

        if (wasSaid)
            Log.AcceptsAgain(_context.Log, listener);
    }

    private static int LastForClients()
    {
        long limit = Rebooter.IsSupported ? Fd.Limit() : int.MaxValue;
        return (int)(limit - Math.Min(MostHeadroom, limit / LeastPartOfLimit)) - 1;
    }

    // What is left is a shortage: descriptors, buffers, memory.
    private static bool IsOfOneClient(SocketException failure) => failure.SocketErrorCode
        is not (SocketError.TooManyOpenSockets or SocketError.NoBufferSpaceAvailable or SocketError.SocketError);

    private static bool IsOfDescriptors(SocketException? failure) => failure is null or { SocketErrorCode: SocketError.TooManyOpenSockets };

    private static string Cause(SocketException? failure) => IsOfDescriptors(failure)
        ? "This process, or the machine, has nearly as many open files as it may have."
        : failure!.Message.TrimEnd('.') + ".";

    private static string Remedy(SocketException? failure) =>
        IsOfDescriptors(failure) ? "To serve more, raise the limit (LimitNOFILE= of the unit, ulimit -n, fs.file-max)." : "";

    private static TaskCompletionSource NewSource() => new(TaskCreationOptions.RunContinuationsAsynchronously);
}

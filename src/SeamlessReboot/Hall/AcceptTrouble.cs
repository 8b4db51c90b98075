using System.Net.Sockets;
using SeamlessReboot.Posix;

namespace SeamlessReboot;

/// <summary>
/// What the kernel refuses to accept for a while: said once, waited for in growing steps, and tried again at once when there is room.
/// A process at its limit of open files goes on serving those it has. Thread-safe.
/// </summary>
internal sealed class AcceptTrouble(ServerContext context, SpareDescriptors spare)
{
    private const int ClientsInARow = 16;
    private static readonly TimeSpan _shortest = TimeSpan.FromMilliseconds(5);
    private static readonly TimeSpan _longest = TimeSpan.FromSeconds(1);
    private static readonly TimeSpan _sayAgain = TimeSpan.FromMinutes(1);
    private readonly Lock _lock = new();
    private readonly TimeProvider _time = context.Options.TimeProvider;
    private TaskCompletionSource _room = NewSource();
    private volatile int _failures; // in a row
    private int _waits;
    private long _saidAt;
    private bool _isSaid;

    /// <summary>Whether another try can succeed. A listener that is closed or broken will not mend.</summary>
    internal static bool WillPass(SocketException failure) => failure.SocketErrorCode
        is not (SocketError.OperationAborted or SocketError.NotSocket or SocketError.InvalidArgument or SocketError.Fault);

    /// <summary>Waits as long as it makes sense before the next try. No reboot waits for it.</summary>
    internal async Task WaitAsync(string listener, SocketException failure, CancellationToken cancellationToken)
    {
        if (IsOfOneClient(failure) && _failures < ClientsInARow)
        {
            _failures++;
            Log.ClientRefused(context.Log, listener, failure.Message);
            return;
        }

        Task room;
        TimeSpan delay;
        bool say;
        lock (_lock)
        {
            _failures++;
            room = _room.Task;
            delay = _shortest * (1 << Math.Min(_waits++, 10));
            say = _saidAt == 0 || _time.GetElapsedTime(_saidAt) > _sayAgain;
            if (say)
                _saidAt = _time.GetTimestamp();
            _isSaid |= say;
        }

        if (say)
            Log.AcceptFailed(context.Log, listener, Cause(failure), Remedy(failure));
        await room.WaitAsync(delay < _longest ? delay : _longest, _time, cancellationToken).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        await spare.Back.WaitAsync(cancellationToken).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing); // what a reboot has been left is not for clients
        cancellationToken.ThrowIfCancellationRequested();
    }

    /// <summary>A client was let in.</summary>
    internal void IsOver(string listener)
    {
        if (_failures == 0)
            return;
        bool wasSaid;
        lock (_lock)
        {
            _failures = _waits = 0;
            wasSaid = _isSaid;
            _isSaid = false;
        }

        if (wasSaid)
            Log.AcceptsAgain(context.Log, listener);
    }

    /// <summary>Something was closed.</summary>
    internal void TryAgain()
    {
        spare.Refill();
        if (_failures == 0)
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

    // What is left is a shortage: descriptors, buffers, memory.
    private static bool IsOfOneClient(SocketException failure) => failure.SocketErrorCode
        is not (SocketError.TooManyOpenSockets or SocketError.NoBufferSpaceAvailable or SocketError.SocketError);

    private static string Cause(SocketException failure) => failure.SocketErrorCode == SocketError.TooManyOpenSockets
        ? "This process, or the machine, has as many open files as it may have."
        : failure.Message.TrimEnd('.') + ".";

    private static string Remedy(SocketException failure) => failure.SocketErrorCode == SocketError.TooManyOpenSockets
        ? "To serve more, raise the limit (LimitNOFILE= of the unit, ulimit -n, fs.file-max)."
        : "";

    private static TaskCompletionSource NewSource() => new(TaskCreationOptions.RunContinuationsAsynchronously);
}

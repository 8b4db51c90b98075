using System.Globalization;
using System.Runtime.InteropServices;
using SeamlessReboot.Posix;

namespace SeamlessReboot.Supervision;

/// <summary>
/// Who has started this process and holds duplicates of its descriptors: systemd or the angel, spoken to by sd_notify. What is
/// said arrives in order; nothing here throws, and nobody waits for a supervisor that does not read. Thread-safe.
/// </summary>
internal sealed class Supervisor
{
    private static readonly TimeSpan _pause = TimeSpan.FromMilliseconds(2);
    private readonly DatagramSender _socket;
    private readonly Action<string> _complain;
    private readonly Lock _gate = new();
    private readonly Queue<Message> _waiting = new();
    private TaskCompletionSource? _drained;
    private bool _complained;

    private Supervisor(DatagramSender socket, int? capacity, TimeSpan? watchdog, Action<string> complain)
    {
        _socket = socket;
        _complain = complain;
        Capacity = capacity;
        Watchdog = watchdog;
    }

    /// <summary>How many descriptors it will hold; null when it does not say (systemd before 254): then it is given them, and may drop them.</summary>
    internal int? Capacity { get; }

    internal bool HoldsDescriptors => Capacity != 0;

    /// <summary>It takes the server for hung when it has heard no heartbeat for so long; null when it does not watch.</summary>
    internal TimeSpan? Watchdog { get; }

    /// <summary>Null when nobody supervises this process.</summary>
    internal static Supervisor? Find(HostProcess process, Action<string> complain)
    {
        if (process.Variable("NOTIFY_SOCKET") is not { Length: > 0 } path)
            return null;
        if (DatagramSender.Open(path) is not DatagramSender socket)
        {
            complain($"NOTIFY_SOCKET is '{path}', which is no unix socket that could be reached. The server runs as if nobody supervised it.");
            return null;
        }

        int? capacity = Number(process.Variable("FDSTORE")) is long n ? (int)Math.Min(n, int.MaxValue)
            : process.Variable("MEMORY_PRESSURE_WATCH") is null ? null : 0; // systemd has had both since 254, and sets FDSTORE only where there is a store
        TimeSpan? watchdog = Number(process.Variable("WATCHDOG_USEC")) is long usec and > 0
            && (Number(process.Variable("WATCHDOG_PID")) ?? process.Pid) == process.Pid ? TimeSpan.FromMicroseconds(usec) : null;
        return new Supervisor(socket, capacity, watchdog, complain);
    }

    /// <summary>Says something: lines of NAME=value.</summary>
    internal void Notify(params ReadOnlySpan<string> lines) => Send(new Message(string.Join('\n', lines), null));

    /// <summary>Gives it a duplicate of a descriptor to hold.</summary>
    /// <param name="name">By which it comes back in LISTEN_FDNAMES.</param>
    /// <param name="handle">The descriptor.</param>
    /// <param name="dropWhenDead">Let it drop the descriptor when the peer has gone: right for a client, wrong for a pipe.</param>
    internal void Store(string name, SafeHandle handle, bool dropWhenDead = false)
    {
        if (HoldsDescriptors)
            Send(new Message($"FDSTORE=1\nFDNAME={name}{(dropWhenDead ? "" : "\nFDPOLL=0")}", handle));
    }

    /// <summary>Makes it let go of what it holds by this name.</summary>
    internal void Remove(string name)
    {
        if (HoldsDescriptors)
            Send(new Message($"FDSTOREREMOVE=1\nFDNAME={name}", null));
    }

    /// <summary>Waits until all that was said has been taken, but not longer than this.</summary>
    internal void Drain(TimeSpan limit)
    {
        Task drained;
        lock (_gate)
        {
            if (_waiting.Count == 0)
                return;
            drained = (_drained ??= new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously)).Task;
        }

        drained.Wait(limit);
    }

    private void Send(Message message)
    {
        lock (_gate)
        {
            if (_waiting.Count > 0)
            {
                _waiting.Enqueue(message);
                return;
            }

            if (TrySend(message, wait: false))
                return;
            _waiting.Enqueue(message);
            new Thread(SendWaiting) { IsBackground = true, Name = "SeamlessReboot notify" }.UnsafeStart();
        }
    }

    // While its queue is full somebody else does the waiting.
    private void SendWaiting()
    {
        while (true)
        {
            Message next;
            lock (_gate)
                next = _waiting.Peek();
            bool sent = TrySend(next, wait: true);
            if (!sent)
                Thread.Sleep(_pause); // not every kind of full makes the call itself wait
            lock (_gate)
            {
                if (sent)
                    _waiting.Dequeue();
                if (_waiting.Count > 0)
                    continue;
                _drained?.TrySetResult();
                _drained = null;
                return;
            }
        }
    }

    /// <returns>False when it has to be tried again.</returns>
    private bool TrySend(Message message, bool wait)
    {
        int error;
        try
        {
            error = _socket.Send(message.Text, message.Handle, wait);
        }
        catch (ObjectDisposedException)
        {
            return true; // the connection has ended before its descriptor was given away
        }

        if (DatagramSender.IsFull(error))
            return false;
        if (error != 0 && !_complained)
        {
            _complained = true;
            _complain($"The supervisor cannot be reached ({Marshal.GetPInvokeErrorMessage(error)}). Until it can, a crash would drop who is connected.");
        }
        else if (error == 0)
        {
            _complained = false;
        }

        return true;
    }

    private static long? Number(string? text) =>
        long.TryParse(text, NumberStyles.None, CultureInfo.InvariantCulture, out long number) ? number : null;

    private sealed record Message(string Text, SafeHandle? Handle);
}

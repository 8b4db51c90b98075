using System.Runtime.InteropServices;

namespace SeamlessReboot.Posix;

/// <summary>
/// Changes the signal mask of another thread. Only the thread itself can do that, and the one way to make it is a signal: the
/// mask that the thread returns to from a handler is in the context that the handler is given. No managed code may run there, so
/// the handler is sixty bytes of machine code.
/// </summary>
internal sealed unsafe class MaskStub
{
    internal const int NoOrder = 0;

    private const int Orders = 1 << 15;
    private const int TryAgain = 11; // EAGAIN

    private static readonly Lock _gate = new();
    private static MaskStub? _shared;
    private static bool _isRefused;
    private readonly nint _code;
    private readonly Order* _orders;
    private readonly List<int> _open = [];
    private int _last;

    private MaskStub(nint code, Order* orders)
    {
        _code = code;
        _orders = orders;
    }

    /// <summary>The signal that carries orders.</summary>
    internal int Signal { get; private set; }

    /// <summary>The one of this process. Null where no page may be made executable, or no signal is free.</summary>
    internal static MaskStub? Shared()
    {
        lock (_gate)
        {
            if (_isRefused)
                return null;
            _shared ??= Make();
            _isRefused = _shared is null;
            return _shared is not null && _shared.IsInstalled() ? _shared : null;
        }
    }

    /// <summary>Has a thread change its mask to (mask &amp; keep) | add, before it executes anything else.</summary>
    /// <returns>What to ask about it by; <see cref="NoOrder"/> when there is no such thread, or it cannot be told.</returns>
    internal int Tell(int thread, ulong keep, ulong add)
    {
        lock (_gate)
        {
            int order = IsInstalled() ? FindFree() : NoOrder;
            if (order == NoOrder)
                return NoOrder;
            _orders[order] = new Order { Keep = keep, Add = add, IsWaiting = 1 };
            if (!Queue(thread, order))
            {
                Forget(order);
                return NoOrder;
            }

            _open.Add(order);
            return order;
        }
    }

    /// <summary>
    /// Gives the signal back, if every thread has obeyed. Else not: one that blocks everything would die of its order, should it ever take
    /// it.
    /// </summary>
    internal void Rest()
    {
        lock (_gate)
        {
            _open.RemoveAll(order => IsDone(order, out _));
            if (_open.Count == 0)
                Signals.ReplaceHandler(Signal, _code, 0);
        }
    }

    /// <summary>Whether the thread has obeyed, and what its mask was before.</summary>
    internal bool IsDone(int order, out ulong before)
    {
        bool isDone = Volatile.Read(ref _orders[order].IsWaiting) == 0;
        before = _orders[order].Before;
        return isDone;
    }

    /// <summary>For a thread that has not obeyed: when it does, nothing changes.</summary>
    internal void Withdraw(int order)
    {
        _orders[order].Add = 0;
        _orders[order].Keep = ulong.MaxValue;
    }

    /// <summary>The thread has ended without having obeyed.</summary>
    internal void Forget(int order) => _orders[order].IsWaiting = 0;

    private static MaskStub? Make()
    {
        nint orders = CodePage.TryMap(Orders * sizeof(Order));
        nint code = orders == 0 ? 0 : CodePage.TryMake(MachineCode.ForMasks, orders, Orders);
        if (code == 0)
            return null;
        MaskStub stub = new(code, (Order*)orders);
        stub._orders[NoOrder].Keep = ulong.MaxValue; // what a stranger's signal, which carries 0, comes to
        return stub;
    }

    // From the top, where nobody has anything: the runtime and libc take the first ones.
    private bool IsInstalled()
    {
        if (Signal != 0 && Signals.Handler(Signal) == _code)
            return true;
        Signal = SignalHandlers.FindFree(64);
        return Signal != 0 && Signals.TryInstall(Signal, _code);
    }

    private int FindFree()
    {
        for (int i = 0; i < Orders; i++)
        {
            _last = _last % (Orders - 1) + 1;
            if (Volatile.Read(ref _orders[_last].IsWaiting) == 0)
                return _last;
        }

        return NoOrder;
    }

    private bool Queue(int thread, int order)
    {
        const int BySigqueue = -1; // SI_QUEUE
        int* info = stackalloc int[32]; // siginfo_t: number, errno, code, padding, PID, user, value
        new Span<int>(info, 32).Clear();
        info[0] = Signal;
        info[2] = BySigqueue;
        info[4] = Environment.ProcessId;
        info[5] = (int)Libc.Syscall(SyscallNumbers.GetUserId, 0, 0, 0);
        info[6] = order;
        for (int tries = 0; Libc.Syscall(SyscallNumbers.QueueToThread, Environment.ProcessId, thread, Signal, (nint)info) != 0; tries++)
        {
            if (tries == 3 || Marshal.GetLastPInvokeError() != TryAgain)
                return false;
            Thread.Yield(); // more signals are queued than the user may have; ours are taken at once
        }

        return true;
    }

    /// <summary>The machine code knows these offsets.</summary>
    [StructLayout(LayoutKind.Sequential, Size = 32)]
    private struct Order
    {
        internal ulong Keep;
        internal ulong Add;
        internal ulong Before;
        internal int IsWaiting;
    }
}

using System.Collections.Concurrent;
using System.Runtime.InteropServices;

namespace SeamlessReboot.Posix;

/// <summary>
/// Tells when a socket takes bytes again. .NET only offers "send all of this", which cannot be stopped without losing count of
/// what has gone out; here the wait takes nothing, and the send after it is exact. One thread, started at the first full window.
/// </summary>
internal sealed unsafe class WriteReadiness
{
    private const int Add = 1, Delete = 2, Modify = 3;
    private const uint Output = 0x4, OneShot = 1u << 30;
    private const int CloseOnExec = 0x80000;
    // struct epoll_event is packed on x64 only.
    private static readonly int _dataOffset = RuntimeInformation.ProcessArchitecture == Architecture.X64 ? 4 : 8;
    private static readonly int _eventSize = _dataOffset + 8;
    private static readonly Lazy<WriteReadiness> _shared = new(() => new WriteReadiness());

    private readonly ConcurrentDictionary<long, Action> _waiting = new();
    private readonly int _epoll;
    private long _nextKey;

    private WriteReadiness()
    {
        _epoll = Libc.EpollCreate1(CloseOnExec);
        if (_epoll < 0)
            throw SyscallException.Last("epoll_create1");
        new Thread(Run) { IsBackground = true, Name = "SeamlessReboot write readiness" }.Start();
    }

    internal static WriteReadiness Shared => _shared.Value;

    /// <summary>Calls <paramref name="ready"/> once, on the thread pool, when the socket takes bytes or has failed.</summary>
    /// <returns>A key for <see cref="Cancel"/>.</returns>
    internal long Wait(SafeHandle socket, Action ready)
    {
        long key = Interlocked.Increment(ref _nextKey);
        _waiting[key] = ready;
        using FdLease lease = new(socket);
        if (Control(Add, lease.Fd, key) != 0 && (Marshal.GetLastPInvokeError() != 17 || Control(Modify, lease.Fd, key) != 0))
        {
            SyscallException failure = SyscallException.Last("epoll_ctl");
            _waiting.TryRemove(key, out _);
            throw failure;
        }

        return key;
    }

    /// <summary>Forgets the wait. To be called before the socket is closed.</summary>
    internal void Cancel(SafeHandle socket, long key)
    {
        if (!_waiting.TryRemove(key, out _))
            return;
        try
        {
            using FdLease lease = new(socket);
            _ = Control(Delete, lease.Fd, key);
        }
        catch (ObjectDisposedException)
        {
            // Somebody else has closed it; the kernel has forgotten it with that.
        }
    }

    private int Control(int operation, int fd, long key)
    {
        byte* settings = stackalloc byte[_eventSize];
        *(uint*)settings = Output | OneShot;
        *(long*)(settings + _dataOffset) = key;
        return Libc.EpollCtl(_epoll, operation, fd, settings);
    }

    private void Run()
    {
        const int Most = 256;
        byte* events = stackalloc byte[_eventSize * Most];
        while (true)
        {
            int count = Libc.EpollWait(_epoll, events, Most, -1);
            for (int i = 0; i < count; i++)
                if (_waiting.TryRemove(*(long*)(events + i * _eventSize + _dataOffset), out Action? ready))
                    ThreadPool.UnsafeQueueUserWorkItem(static r => r(), ready, preferLocal: false);
        }
    }
}

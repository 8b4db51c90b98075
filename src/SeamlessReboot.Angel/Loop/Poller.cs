using System.Runtime.InteropServices;
using SeamlessReboot.Posix;

namespace SeamlessReboot.Angel.Loop;

/// <summary>
/// The one thread that waits for descriptors. Each is reported once, and then not again until it is armed again: so a descriptor has
/// at most one event in the queue, whatever its other side does.
/// </summary>
internal sealed unsafe class Poller
{
    private const int Add = 1, Delete = 2, Modify = 3;
    private const uint Input = 1, Error = 8, HangUp = 16, OneShot = 1u << 30;
    private const int CloseOnExec = 0x80000;
    // struct epoll_event is packed on x64 only.
    private static readonly int _dataOffset = RuntimeInformation.ProcessArchitecture == Architecture.X64 ? 4 : 8;
    private static readonly int _eventSize = _dataOffset + 8;
    private readonly Action<DescriptorReady> _report;
    private readonly int _epoll;

    internal Poller(Action<DescriptorReady> report)
    {
        _report = report;
        _epoll = Libc.EpollCreate1(CloseOnExec);
        if (_epoll < 0)
            throw SyscallException.Last("epoll_create1");
        new Thread(Run, maxStackSize: 256 * 1024) { IsBackground = true, Name = "angel poller" }.Start();
    }

    /// <summary>Reports the descriptor when it can be read, or its other side is gone.</summary>
    /// <returns>False for what cannot be waited for, as a file.</returns>
    internal bool WatchInput(int fd, long token) => Control(Add, fd, Input | OneShot, token) == 0;

    /// <summary>Reports the descriptor again.</summary>
    internal void WatchInputAgain(int fd, long token) => _ = Control(Modify, fd, Input | OneShot, token);

    /// <summary>Reports the descriptor when both directions are closed, or it has failed; not when there is something to read.</summary>
    /// <returns>False for what cannot be waited for, as a file.</returns>
    internal bool WatchHangUp(int fd, long token) => Control(Add, fd, OneShot, token) == 0;

    /// <summary>To be called before the descriptor is closed: the kernel goes on watching while anybody has a duplicate.</summary>
    internal void Forget(int fd) => _ = Control(Delete, fd, 0, 0);

    private int Control(int operation, int fd, uint events, long token)
    {
        byte* settings = stackalloc byte[16];
        *(uint*)settings = events;
        *(long*)(settings + _dataOffset) = token;
        return Libc.EpollCtl(_epoll, operation, fd, settings);
    }

    private void Run()
    {
        const int Most = 64;
        byte* events = stackalloc byte[_eventSize * Most];
        while (true)
        {
            int count = Libc.EpollWait(_epoll, events, Most, -1);
            for (int i = 0; i < count; i++)
            {
                byte* ready = events + i * _eventSize;
                _report(new DescriptorReady(*(long*)(ready + _dataOffset), (*(uint*)ready & (Error | HangUp)) != 0));
            }
        }
    }
}

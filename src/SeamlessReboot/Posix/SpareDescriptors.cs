namespace SeamlessReboot.Posix;

/// <summary>
/// Descriptors that are open for nothing: given up when a reboot begins, so that it finds room for its files and pipes in a process that
/// is at its limit, and taken again when it is called off. Thread-safe.
/// </summary>
internal sealed class SpareDescriptors : IDisposable
{
    private const int Count = 16; // a rehearsal needs eleven at once: its pipes, the copy of the state, the spool, a file of /proc
    private const int CurrentDirectory = -100, CloseOnExec = 0x80000, DuplicateCloseOnExec = 1030; // AT_FDCWD, O_CLOEXEC, F_DUPFD_CLOEXEC
    private readonly Lock _lock = new();
    private readonly int[] _held = new int[Count]; // no Stack<int>: in the pause its code would have to be compiled
    private int _heldCount;
    private TaskCompletionSource? _back; // while they are given up

    /// <summary>Completed unless they are given up; otherwise completes when they are taken again.</summary>
    internal Task Back
    {
        get
        {
            lock (_lock)
                return _back?.Task ?? Task.CompletedTask;
        }
    }

    /// <summary>How many there are. Fewer than wanted where the process has reached its limit.</summary>
    internal int Held
    {
        get
        {
            lock (_lock)
                return _heldCount;
        }
    }

    /// <summary>Takes them, or as many as there is room for.</summary>
    internal void Take()
    {
        TaskCompletionSource? back;
        lock (_lock)
        {
            back = _back;
            _back = null;
            Fill();
        }

        back?.TrySetResult();
    }

    /// <summary>There may be room again for those that are missing.</summary>
    internal void Refill()
    {
        lock (_lock)
            if (_back is null)
                Fill();
    }

    internal void GiveUp()
    {
        lock (_lock)
        {
            _back ??= new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
            while (_heldCount > 0)
                Fd.Close(_held[--_heldCount]);
        }
    }

    public void Dispose() => GiveUp();

    private void Fill()
    {
        while (_heldCount < Count)
        {
            int fd = _heldCount > 0
                ? Libc.Fcntl(_held[0], DuplicateCloseOnExec, 3)
                : Libc.OpenAt(CurrentDirectory, "/dev/null", CloseOnExec, 0);
            if (fd < 0)
                return;
            _held[_heldCount++] = fd;
        }
    }
}

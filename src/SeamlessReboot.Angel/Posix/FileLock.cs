using SeamlessReboot.Posix;

namespace SeamlessReboot.Angel.Posix;

/// <summary>
/// Locks on a whole file that belong to its open descriptor (fcntl(2), "open file description locks"): they go with it through an
/// exec, end with it however the process ends, and can be looked for without being taken. Not flock: .NET takes that on every file
/// it opens, so that no program in .NET could read a file that is locked so.
/// </summary>
internal static unsafe class FileLock
{
    private const int GetLock = 36, SetLock = 37; // F_OFD_GETLK, F_OFD_SETLK
    private const short WriteLock = 1, Unlocked = 2; // F_WRLCK, F_UNLCK

    /// <returns>False when another descriptor holds it.</returns>
    internal static bool TryTake(int fd)
    {
        long* request = stackalloc long[4];
        return Call(fd, SetLock, request);
    }

    /// <summary>Whether another descriptor than this one holds the lock.</summary>
    internal static bool IsHeld(int fd)
    {
        long* request = stackalloc long[4];
        return Call(fd, GetLock, request) && *(short*)request != Unlocked;
    }

    // struct flock: type and whence (SEEK_SET) as shorts, padding, start, length (0: all of it), and a PID that has to be 0.
    private static bool Call(int fd, int command, long* request)
    {
        new Span<long>(request, 4).Clear();
        *(short*)request = WriteLock;
        return Libc.Fcntl(fd, command, (nint)request) == 0;
    }
}

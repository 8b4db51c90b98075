using Mono.Unix.Native;
using SeamlessReboot.Posix;

namespace SeamlessReboot.Angel.Posix;

/// <summary>Descriptors by number, as the angel treats them: it holds what it does not use.</summary>
internal static unsafe class FdCalls
{
    private const int CloseOnExec = 0x80000; // O_CLOEXEC
    private const int SetStatus = 4, GetStatus = 3, NonBlocking = 0x800; // F_SETFL, F_GETFL, O_NONBLOCK

    /// <summary>Device and inode: two descriptors that have the same are of the same file. Null when it is not open.</summary>
    internal static FileIdentity? Identity(int fd) =>
        Syscall.fstat(fd, out Stat stat) == 0 ? new FileIdentity(stat.st_dev, stat.st_ino) : null;

    /// <summary>A pipe whose reading end does not wait and whose writing end does, both closed by exec.</summary>
    internal static PipeEnds Pipe()
    {
        int* fds = stackalloc int[2];
        if (AngelLibc.Pipe(fds, CloseOnExec) != 0)
            throw SyscallException.Last("pipe2");
        SetNonBlocking(fds[0]);
        return new PipeEnds(fds[0], fds[1]);
    }

    internal static void SetNonBlocking(int fd) =>
        _ = Libc.Fcntl(fd, SetStatus, Libc.Fcntl(fd, GetStatus, 0) | NonBlocking);

    /// <returns>The number of bytes; 0 at the end; -1 when there is nothing yet.</returns>
    internal static int Read(int fd, Span<byte> buffer)
    {
        fixed (byte* first = buffer)
            return (int)Libc.Read(fd, first, buffer.Length);
    }

    /// <summary>Writes all of it, waiting where it has to.</summary>
    /// <returns>False when nothing reads the other end.</returns>
    internal static bool WriteAll(int fd, ReadOnlySpan<byte> bytes)
    {
        const int Interrupted = 4, TryAgain = 11;
        fixed (byte* first = bytes)
        {
            int done = 0;
            while (done < bytes.Length)
            {
                nint count = AngelLibc.Write(fd, first + done, bytes.Length - done);
                if (count >= 0)
                {
                    done += (int)count;
                    continue;
                }

                switch (System.Runtime.InteropServices.Marshal.GetLastPInvokeError())
                {
                    case Interrupted:
                        continue;
                    case TryAgain: // another process has made the shared terminal non-blocking
                        if (!WaitWritable(fd))
                            return false;
                        continue;
                    default:
                        return false;
                }
            }
        }

        return true;
    }

    private static bool WaitWritable(int fd)
    {
        Pollfd[] poll = [new Pollfd { fd = fd, events = PollEvents.POLLOUT }];
        int count = Syscall.poll(poll, 1000);
        return count >= 0 && (count == 0 || (poll[0].revents & (PollEvents.POLLERR | PollEvents.POLLNVAL)) == 0);
    }
}

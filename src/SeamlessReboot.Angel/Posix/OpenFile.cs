using System.Runtime.InteropServices;
using System.Text;
using Mono.Unix.Native;

namespace SeamlessReboot.Angel.Posix;

/// <summary>Files by descriptor: written whole, read from the beginning, compared with what their name says now.</summary>
internal static class OpenFile
{
    private const int Interrupted = 4; // EINTR

    /// <summary>Whether the path still leads to the file behind the descriptor.</summary>
    internal static bool IsAt(int fd, string path) =>
        Syscall.stat(path, out Stat there) == 0 && Syscall.fstat(fd, out Stat here) == 0
        && there.st_ino == here.st_ino && there.st_dev == here.st_dev;

    /// <summary>Writes all of it.</summary>
    /// <returns>0, or the errno of what has failed.</returns>
    internal static unsafe int Write(int fd, ReadOnlySpan<byte> bytes)
    {
        fixed (byte* start = bytes)
            for (int done = 0; done < bytes.Length;)
            {
                long written = Syscall.write(fd, start + done, (ulong)(bytes.Length - done));
                int failure = written < 0 ? Marshal.GetLastPInvokeError() : 0;
                if (failure is not (0 or Interrupted))
                    return failure;
                done += (int)Math.Max(0, written);
            }

        return 0;
    }

    /// <summary>At most 4 KiB from the beginning.</summary>
    internal static unsafe string Read(int fd)
    {
        byte* buffer = stackalloc byte[4096];
        long length = Syscall.pread(fd, buffer, 4096, 0);
        return length > 0 ? Encoding.UTF8.GetString(buffer, (int)length) : "";
    }
}

using System.Text;

namespace SeamlessReboot.Posix;

/// <summary>Small files of /proc, read by two system calls: the classes for files take milliseconds to load, and these are read in the pause.</summary>
internal static unsafe class ProcFile
{
    private const int CurrentDirectory = -100, CloseOnExec = 0x80000; // AT_FDCWD, O_CLOEXEC

    /// <summary>At most the first 4 KiB; empty where there is no such file.</summary>
    internal static string Read(string path)
    {
        int fd = Libc.OpenAt(CurrentDirectory, path, CloseOnExec, 0);
        if (fd < 0)
            return "";
        byte* buffer = stackalloc byte[4096];
        nint length = Libc.Read(fd, buffer, 4096);
        Fd.Close(fd);
        return length > 0 ? Encoding.UTF8.GetString(buffer, (int)length) : "";
    }

    /// <summary>All of it, byte for byte; empty where it may not be read.</summary>
    internal static byte[] ReadAll(string path)
    {
        int fd = Libc.OpenAt(CurrentDirectory, path, CloseOnExec, 0);
        if (fd < 0)
            return [];
        byte[] bytes = new byte[16 * 1024];
        int length = 0;
        while (true)
        {
            if (length == bytes.Length)
                Array.Resize(ref bytes, 2 * length);
            fixed (byte* free = &bytes[length])
            {
                nint count = Libc.Read(fd, free, bytes.Length - length);
                if (count <= 0)
                    break;
                length += (int)count;
            }
        }

        Fd.Close(fd);
        return bytes[..length];
    }
}

namespace SeamlessReboot.Posix;

/// <summary>The threads of this process.</summary>
internal static unsafe class ThreadList
{
    private const int CurrentDirectory = -100, CloseOnExec = 0x80000; // AT_FDCWD, O_CLOEXEC
    private const int BufferSize = 16 * 1024, LengthAt = 16, NameAt = 19; // struct linux_dirent64

    /// <summary>Their numbers; empty where there is no /proc. By system calls: the classes for directories take milliseconds to load.</summary>
    internal static List<int> Read()
    {
        List<int> threads = [];
        int fd = Libc.OpenAt(CurrentDirectory, "/proc/self/task", CloseOnExec, 0);
        if (fd < 0)
            return threads;
        byte* buffer = stackalloc byte[BufferSize];
        nint length;
        while ((length = Libc.Syscall(SyscallNumbers.GetDirectoryEntries, fd, (nint)buffer, BufferSize)) > 0)
            for (byte* entry = buffer; entry < buffer + length; entry += *(ushort*)(entry + LengthAt))
                if (Number(entry + NameAt) is int thread and > 0)
                    threads.Add(thread);
        Fd.Close(fd);
        return threads;
    }

    private static int Number(byte* name)
    {
        int number = 0;
        for (; *name is >= (byte)'0' and <= (byte)'9'; name++)
            number = 10 * number + (*name - '0');
        return number;
    }
}

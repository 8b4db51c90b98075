namespace SeamlessReboot.Posix;

/// <summary>Paths without links in them, as the kernel has them.</summary>
internal static class RealPath
{
    private const int CurrentDirectory = -100, PathOnly = 0x200000, CloseOnExec = 0x80000; // AT_FDCWD, O_PATH, O_CLOEXEC

    /// <summary>Null when there is nothing of this name, or /proc does not tell.</summary>
    internal static string? Of(string path)
    {
        int fd = Libc.OpenAt(CurrentDirectory, path, PathOnly | CloseOnExec, 0);
        if (fd < 0)
            return null;
        string real = Fd.Describe(fd);
        Fd.Close(fd);
        return real is ['/', ..] ? real : null;
    }
}

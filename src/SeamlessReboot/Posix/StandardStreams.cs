namespace SeamlessReboot.Posix;

/// <summary>Descriptors 0 to 2.</summary>
internal static class StandardStreams
{
    private const int CurrentDirectory = -100, ReadWrite = 2; // AT_FDCWD

    /// <summary>
    /// Opens /dev/null for those that are closed. Otherwise the next thing that is opened gets the number: a client's socket would be
    /// what the console writes to, in this image or the next. Best effort: without a /dev/null they stay closed.
    /// </summary>
    internal static void FillMissing()
    {
        for (int fd = 0; fd <= 2; fd++)
        {
            if (Fd.IsCloseOnExec(fd) is not null)
                continue;
            // Always the lowest that is free, unless another thread has just closed something lower.
            int opened = Libc.OpenAt(CurrentDirectory, "/dev/null", ReadWrite, 0);
            if (opened > 2)
                Fd.Close(opened);
        }
    }
}

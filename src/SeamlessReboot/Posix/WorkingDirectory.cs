namespace SeamlessReboot.Posix;

/// <summary>The process's working directory. It may have been removed: then it has no path any more, and is still where the process is.</summary>
internal static class WorkingDirectory
{
    private const int CurrentDirectory = -100, PathOnly = 0x200000, CloseOnExec = 0x80000; // AT_FDCWD, O_PATH, O_CLOEXEC
    private const string Removed = " (deleted)";

    /// <summary>Its path, or the one that it had. "/" where nobody knows it.</summary>
    internal static string Path()
    {
        try
        {
            return Environment.CurrentDirectory;
        }
        catch (IOException)
        {
            string? former = Link();
            return former is ['/', ..] ? former.EndsWith(Removed, StringComparison.Ordinal) ? former[..^Removed.Length] : former : "/";
        }
    }

    /// <summary>Goes to another one, if it is there; else stays.</summary>
    /// <param name="path">Where to.</param>
    /// <param name="back">What goes back, even to one that has no path any more.</param>
    /// <returns>False when it stayed.</returns>
    internal static bool TryEnter(string path, out Action back)
    {
        string before = Path();
        int here = Libc.OpenAt(CurrentDirectory, ".", PathOnly | CloseOnExec, 0);
        if (Libc.ChDir(path) != 0)
        {
            if (here >= 0)
                Fd.Close(here);
            back = () => { };
            return false;
        }

        back = () =>
        {
            if (here < 0)
            {
                _ = Libc.ChDir(before);
                return;
            }

            _ = Libc.FChDir(here);
            Fd.Close(here);
        };
        return true;
    }

    private static string? Link()
    {
        try
        {
            return new FileInfo("/proc/self/cwd").LinkTarget;
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            return null;
        }
    }
}

namespace SeamlessReboot.Posix;

/// <summary>
/// The runtime's diagnostics socket. Its name is made from PID and start time, which exec keeps, so the next image could not
/// bind it and dotnet-counters, -trace and -dump would be refused. It is moved aside before the exec and removed after.
/// All of it is best effort: without the socket a server serves as well, so nothing here throws.
/// </summary>
internal static class DiagnosticsSocket
{
    private const int CurrentDirectory = -100; // AT_FDCWD

    /// <summary>Moves the socket aside, if there is one and it can be moved.</summary>
    /// <returns>What moves it back.</returns>
    internal static Action MoveAside(HostProcess process)
    {
        // A random name: others can write to /tmp too, know PID and start time, and could take any name that is made from those.
        string path = PathOf(process), aside = $"{path}.{Guid.NewGuid():N}";
        return TryRename(path, aside) ? () => TryRename(aside, path) : () => { };
    }

    /// <summary>
    /// Removes what was moved aside, now or a moment later: the temporary directory may be large or slow, and nobody waits for this.
    /// </summary>
    internal static void RemoveOld(HostProcess process)
    {
        ThreadPool.UnsafeQueueUserWorkItem(static path => RemoveAllAside(path), PathOf(process), preferLocal: false);
    }

    private static void RemoveAllAside(string path)
    {
        EnumerationOptions exactly = new() { MatchType = MatchType.Simple }; // by default "socket.*" means "socket" too
        try
        {
            // One that somebody else has made to look like ours stays, or goes without a trace: unlink follows no link.
            foreach (string aside in Directory.EnumerateFileSystemEntries(Path.GetDirectoryName(path)!, Path.GetFileName(path) + ".*", exactly))
                _ = Libc.UnlinkAt(CurrentDirectory, aside, 0);
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            // The temporary directory has gone, or may not be read. What is left there harms nobody.
        }
    }

    private static bool TryRename(string from, string to) => Libc.RenameAt(CurrentDirectory, from, CurrentDirectory, to) == 0;

    private static string PathOf(HostProcess process) =>
        Path.Combine(process.TempDirectory, $"dotnet-diagnostic-{process.Pid}-{process.StartTime}-socket");
}

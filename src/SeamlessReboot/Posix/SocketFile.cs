namespace SeamlessReboot.Posix;

/// <summary>The file of a unix socket.</summary>
internal static class SocketFile
{
    private const int CurrentDirectory = -100; // AT_FDCWD

    /// <summary>Removes it. Best effort: its directory may have gone before it, or be another user's, and then nothing is lost by it.</summary>
    internal static void Remove(string path) => _ = Libc.UnlinkAt(CurrentDirectory, path, 0);
}

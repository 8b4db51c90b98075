using SeamlessReboot.Posix;

namespace SeamlessReboot.Angel.Loop;

/// <summary>The directory that belongs to one angel while it runs.</summary>
internal static class AngelDirectory
{
    internal const string NotifySocket = "notify", ControlSocket = Discovery.RuntimeDirectory.ControlSocket;

    /// <summary>Makes it, or takes it, and locks it.</summary>
    /// <param name="path">Where it is.</param>
    /// <param name="handedOver">The locked descriptor, from the angel before this one.</param>
    /// <exception cref="AngelException">Another angel has it, or it is no such directory.</exception>
    internal static DirectoryHandle Take(string path, int? handedOver)
    {
        if (handedOver is int fd)
            return DirectoryHandle.Adopt(fd);
        DirectoryHandle directory;
        try
        {
            DirectoryHandle.CreatePrivate(path);
            directory = DirectoryHandle.Open(path);
            (uint owner, int mode) = directory.Ownership();
            if (owner != DirectoryHandle.CurrentUser())
                throw Trouble($"The runtime directory '{path}' belongs to user {owner}. Choose another, or run as that user.");
            if ((mode & 0x3F) != 0)
                throw Trouble($"The runtime directory '{path}' has mode {Convert.ToString(mode, 8)}, so that others could give orders to the angel. Run: chmod 0700 '{path}'");
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            throw new AngelException(ExitCodes.SystemTrouble, $"The runtime directory '{path}' cannot be used: {e.Message} Choose another.", e);
        }

        return directory.TryLock() != LockResult.HeldByAnother ? directory
            : throw new AngelException(ExitCodes.AlreadyRunning, $"Another angel is running in '{path}'. Ask it for its status, or stop it, or give this one another name.");
    }

    /// <summary>Removes the sockets.</summary>
    internal static void Clear(string path)
    {
        foreach (string name in (string[])[NotifySocket, ControlSocket])
        {
            try
            {
                File.Delete(Path.Combine(path, name));
            }
            catch (Exception e) when (e is IOException or UnauthorizedAccessException)
            {
                // The next angel will try again.
            }
        }
    }

    private static AngelException Trouble(string text) => new(ExitCodes.SystemTrouble, text);
}

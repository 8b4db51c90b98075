using SeamlessReboot.Angel.Posix;
using SeamlessReboot.Posix;

namespace SeamlessReboot.Angel.Loop;

/// <summary>The directory that belongs to one angel while it runs.</summary>
internal static class AngelDirectory
{
    internal const string NotifySocket = "notify", ControlSocket = Discovery.RuntimeDirectory.ControlSocket;

    /// <summary>Takes it, and locks it.</summary>
    /// <param name="path">Where it is.</param>
    /// <param name="handedOver">The locked descriptor, from the angel before this one.</param>
    /// <exception cref="AngelException">Another angel has it, or it is no such directory.</exception>
    internal static DirectoryHandle Take(string path, int? handedOver)
    {
        if (handedOver is int fd)
            return DirectoryHandle.Adopt(fd);
        DirectoryHandle directory = Discovery.RuntimeDirectory.Open(path);
        return directory.TryLock() != LockResult.HeldByAnother ? directory
            : throw new AngelException(ExitCodes.AlreadyRunning, $"Another angel is running in '{path}'. Ask it for its status, or stop it, or give this one another name.");
    }

    /// <summary>Removes the sockets; what else lies there under their names stays.</summary>
    internal static void Clear(DirectoryHandle directory)
    {
        foreach (string name in (string[])[NotifySocket, ControlSocket])
            RemoveSocket(directory, name);
    }

    /// <summary>Removes a socket that an angel before has left.</summary>
    internal static void RemoveSocket(DirectoryHandle directory, string name)
    {
        using FdLease lease = new(directory.Handle);
        using Node? found = Node.Find(lease.Fd, name);
        if (found is { IsSocket: true })
            directory.Delete(name);
    }
}

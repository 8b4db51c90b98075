using System.Net;
using System.Net.Sockets;
using Mono.Unix.Native;
using SeamlessReboot.Angel.Posix;
using SeamlessReboot.Posix;

namespace SeamlessReboot.Angel.Descriptors;

/// <summary>
/// A listening unix socket with a file. The kernel leaves the file behind when its server ends, and refuses the name from then on; so
/// a socket file that nothing listens on is replaced; one that is in use is left alone.
/// </summary>
internal static unsafe class UnixListener
{
    private const int Unix = 1, SockStream = 1, CloseOnExec = 0x80000, NonBlocking = 0x800;

    /// <exception cref="AngelException">The path is another server's, or a file, or the system refuses it.</exception>
    internal static HeldListener Open(Uri uri, int backlog)
    {
        string path = ListenUri.Path(uri);
        int fd = NewSocket(0);
        try
        {
            if (Bind(fd, path) is int first and not 0)
            {
                if (first != (int)Errno.EADDRINUSE)
                    throw new AngelException(ExitCodes.SystemTrouble, $"--listen {uri}: {new SyscallException("bind", first).Message}. The directory has to exist and to be writable.");
                RemoveAbandoned(uri, path);
                if (Bind(fd, path) is int second and not 0)
                    throw new AngelException(ExitCodes.SystemTrouble, $"--listen {uri}: {new SyscallException("bind", second).Message}.");
            }

            // Until it listens no client can connect, whatever the umask has allowed.
            if (ListenUri.Mode(uri) is UnixFileMode mode)
                File.SetUnixFileMode(path, mode);
            if (AngelLibc.Listen(fd, backlog) != 0)
                throw SyscallException.Last($"listen on {uri}");
            return new HeldListener(ListenUri.Name(uri), fd, uri.ToString());
        }
        catch (Exception e)
        {
            Fd.Close(fd);
            if (e is SyscallException or UnauthorizedAccessException or IOException)
                throw new AngelException(ExitCodes.SystemTrouble, $"--listen {uri}: {e.Message}.", e);
            throw;
        }
    }

    /// <summary>Gives the socket's file to the user that the angel becomes.</summary>
    internal static void GiveTo(HeldListener listener, uint user, uint group)
    {
        if (listener.Uri.StartsWith("unix:", StringComparison.Ordinal))
            _ = Syscall.lchown(ListenUri.Path(new Uri(listener.Uri)), user, group);
    }

    internal static void RemoveFile(Uri uri)
    {
        string path = ListenUri.Path(uri);
        if (IsSocket(path))
            _ = Syscall.unlink(path);
    }

    /// <summary>Whether a server listens at this path.</summary>
    internal static bool IsAlive(string path)
    {
        int fd = NewSocket(NonBlocking);
        int result = WithAddress(path, (bytes, length) => AngelLibc.Connect(fd, (byte*)bytes, length));
        Fd.Close(fd);
        // Something listens there: its queue is full, or this user may not connect.
        return result is not ((int)Errno.ECONNREFUSED or (int)Errno.ENOENT);
    }

    private static void RemoveAbandoned(Uri uri, string path)
    {
        if (!IsSocket(path))
            throw new AngelException(ExitCodes.SystemTrouble, $"--listen {uri}: '{path}' exists and is not a socket. Remove it, or choose another path.");
        if (IsAlive(path))
            throw new AngelException(ExitCodes.SystemTrouble, $"--listen {uri}: another process listens there. Stop it, or choose another path.");
        if (Syscall.unlink(path) != 0)
            throw new AngelException(ExitCodes.SystemTrouble,
                $"--listen {uri}: the socket file of a server that has ended cannot be removed: {SyscallException.Last("unlink").Message}.");
    }

    private static bool IsSocket(string path) =>
        Syscall.lstat(path, out Stat stat) == 0 && (stat.st_mode & FilePermissions.S_IFMT) == FilePermissions.S_IFSOCK;

    private static int NewSocket(int flags)
    {
        int fd = Libc.Socket(Unix, SockStream | CloseOnExec | flags, 0);
        return fd >= 0 ? fd : throw SyscallException.Last("socket");
    }

    private static int Bind(int fd, string path) => WithAddress(path, (bytes, length) => AngelLibc.Bind(fd, (byte*)bytes, length));

    /// <returns>0, or the errno.</returns>
    private static int WithAddress(string path, Func<nint, int, int> call)
    {
        SocketAddress address = new UnixDomainSocketEndPoint(path).Serialize();
        fixed (byte* bytes = address.Buffer.Span)
            return call((nint)bytes, address.Size) == 0 ? 0 : System.Runtime.InteropServices.Marshal.GetLastPInvokeError();
    }
}

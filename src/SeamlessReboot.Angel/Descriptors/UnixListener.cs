using System.Net;
using System.Net.Sockets;
using Mono.Unix.Native;
using SeamlessReboot.Angel.Daemon;
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

    /// <summary>Whether root is to open it for an angel that becomes another user: only where that user has no hand in.</summary>
    internal static bool IsRoots(Uri uri)
    {
        try
        {
            using Place place = Place.Find(ListenUri.Path(uri));
            return place.IsRootsAlone;
        }
        catch (IOException)
        {
            return false; // that user will be told
        }
    }

    /// <param name="uri">Where.</param>
    /// <param name="backlog">The length of its queue.</param>
    /// <param name="user">Whom the file is for.</param>
    /// <exception cref="AngelException">The path is another server's, or a file, or the system refuses it.</exception>
    internal static HeldListener Open(Uri uri, int backlog, User user)
    {
        string path = ListenUri.Path(uri);
        int fd = NewSocket(0);
        try
        {
            using Place place = Place.Find(path);
            if (DirectoryHandle.CurrentUser() == 0 && place.Weak is string weak)
                throw new AngelException(ExitCodes.SystemTrouble,
                    $"--listen {uri}: those who may write in '{weak}' could put another file there, to which root would do what is meant for the socket. Choose a path in a directory of root's, or start the angel with --user.");
            if (Bind(fd, path) is int first and not 0)
            {
                if (first != (int)Errno.EADDRINUSE)
                    throw new AngelException(ExitCodes.SystemTrouble, $"--listen {uri}: {new SyscallException("bind", first).Message}. The directory has to exist and to be writable.");
                RemoveAbandoned(uri, place, user);
                if (Bind(fd, path) is int second and not 0)
                    throw new AngelException(ExitCodes.SystemTrouble, $"--listen {uri}: {new SyscallException("bind", second).Message}.");
            }

            using Node file = place.Find() is { IsSocket: true } made ? made : throw new IOException($"'{path}' was replaced while it was being made");
            // Until it listens no client can connect, whatever the umask has allowed.
            if (ListenUri.Mode(uri) is UnixFileMode mode && Syscall.chmod(file.Link, (FilePermissions)mode) != 0)
                throw SyscallException.Last($"chmod(\"{path}\")");
            if (user.Id != DirectoryHandle.CurrentUser() && Syscall.chown(file.Link, user.Id, user.Group) != 0)
                throw SyscallException.Last($"chown(\"{path}\")");
            if (AngelLibc.Listen(fd, backlog) != 0)
                throw SyscallException.Last($"listen on {uri}");
            return new HeldListener(ListenUri.Name(uri), fd, uri.ToString(), file.Identity);
        }
        catch (Exception e)
        {
            Fd.Close(fd);
            if (e is IOException)
                throw new AngelException(ExitCodes.SystemTrouble, $"--listen {uri}: {e.Message}.", e);
            throw;
        }
    }

    /// <summary>Removes the file that was made for it, if it is still there.</summary>
    internal static void RemoveFile(HeldListener listener)
    {
        if (listener.File is not FileIdentity file)
            return;
        try
        {
            using Place place = Place.Find(ListenUri.Path(new Uri(listener.Uri)));
            place.Remove(file);
        }
        catch (IOException)
        {
            // Its directory has gone, or is closed to the user that the angel has become: the next one replaces the file.
        }
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

    private static void RemoveAbandoned(Uri uri, Place place, User user)
    {
        using Node? found = place.Find();
        if (found is null)
            return; // removed meanwhile
        if (!found.IsSocket)
            throw new AngelException(ExitCodes.SystemTrouble, $"--listen {uri}: '{ListenUri.Path(uri)}' exists and is not a socket. Remove it, or choose another path.");
        place.CheckOwner(found, user.Id);
        if (IsAlive(found.Link))
            throw new AngelException(ExitCodes.SystemTrouble, $"--listen {uri}: another process listens there. Stop it, or choose another path.");
        if (place.Remove(found.Identity))
            return;
        SyscallException failure = SyscallException.Last("unlink"); // before a word is put together
        throw new AngelException(ExitCodes.SystemTrouble, $"--listen {uri}: the socket file of a server that has ended cannot be removed: {failure.Message}.");
    }

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

using System.Net;
using System.Net.Sockets;
using System.Runtime.InteropServices;
using SeamlessReboot.Posix;

namespace SeamlessReboot;

/// <summary>The sockets of a rehearsal: they look like the real ones, and are connected to nothing. Not thread-safe.</summary>
internal static unsafe class NowhereSocket
{
    private const int Unix = 1, Internet = 2, Internet6 = 10, Stream = 1, NonBlocking = 0x800, CloseOnExec = 0x80000; // AF_*, SOCK_*
    private const int TryAgain = 11, Backlog = 1000;
    private static readonly List<Socket> _ends = []; // kept, or the connections would be cut

    /// <summary>A session's connection. What is written to it goes nowhere, and nothing ever comes.</summary>
    internal static Socket Connection()
    {
        if (_ends.Count == 0)
            _ends.Add(OpenEnd());
        while (true)
        {
            int fd = Libc.Socket(Unix, Stream | NonBlocking | CloseOnExec, 0);
            if (fd < 0)
                throw SyscallException.Last("socket");
            if (TryConnect(fd, _ends[^1]))
                return Arrival.Adopt(fd);
            int error = Marshal.GetLastPInvokeError();
            Fd.Close(fd);
            if (error != TryAgain)
                throw new SyscallException("connect", error);
            _ends.Add(OpenEnd()); // that one's queue is full
        }
    }

    /// <summary>A listener that was never bound. Its LocalEndPoint is the wildcard address with port 0.</summary>
    internal static Socket Listener(EndPoint endPoint)
    {
        int family = endPoint.AddressFamily switch
        {
            AddressFamily.InterNetwork => Internet,
            AddressFamily.InterNetworkV6 => Internet6,
            _ => Unix,
        };
        int fd = Libc.Socket(family, Stream | CloseOnExec, 0);
        return fd >= 0 ? Arrival.Adopt(fd) : throw SyscallException.Last("socket");
    }

    /// <summary>
    /// The other end of up to a thousand connections, none of which is ever accepted. So a session costs one descriptor, as it does in
    /// the server, and a rehearsal has room under the same limit.
    /// </summary>
    private static Socket OpenEnd()
    {
        Socket end = new(AddressFamily.Unix, SocketType.Stream, ProtocolType.Unspecified);
        end.Bind(new UnixDomainSocketEndPoint($"\0seamlessreboot-rehearsal-{Guid.NewGuid():N}"));
        end.Listen(Backlog);
        return end;
    }

    private static bool TryConnect(int fd, Socket end)
    {
        SocketAddress address = end.LocalEndPoint!.Serialize();
        fixed (byte* bytes = address.Buffer.Span)
            return Libc.Connect(fd, bytes, address.Size) == 0;
    }
}

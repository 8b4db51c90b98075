using System.Net;
using System.Net.Sockets;
using SeamlessReboot.Posix;

namespace SeamlessReboot;

/// <summary>The sockets of a rehearsal: they look like the real ones, and are connected to nothing.</summary>
internal static unsafe class NowhereSocket
{
    private const int Unix = 1, Internet = 2, Internet6 = 10, Stream = 1, CloseOnExec = 0x80000; // AF_*, SOCK_*

    /// <summary>A session's connection. What is written to it goes nowhere, and nothing ever comes.</summary>
    internal static Socket Connection()
    {
        int* ends = stackalloc int[2];
        if (Libc.SocketPair(Unix, Stream | CloseOnExec, 0, ends) != 0)
            throw SyscallException.Last("socketpair");
        // The other end stays open until the rehearsal ends: to a closed one nothing could be written.
        return Arrival.Adopt(ends[0]);
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
}

using System.Net;
using System.Net.Sockets;
using SeamlessReboot.Posix;

namespace SeamlessReboot;

/// <summary>
/// The sockets of a rehearsal: of the same kind as the real ones, so that their options can be set, and connected to nothing. None is
/// bound or connected to an address: a rehearsal reaches nobody.
/// </summary>
internal static class NowhereSocket
{
    private const int Unix = 1, Internet = 2, Internet6 = 10, Stream = 1, CloseOnExec = 0x80000; // AF_*, SOCK_*

    /// <summary>In the place of a session's connection. To whoever asks, its client has gone.</summary>
    /// <param name="domain">Of the real one: AF_INET and so on.</param>
    internal static Socket Connection(int domain) => Open(domain is Internet or Internet6 ? domain : Unix);

    /// <summary>In the place of a listener. Its LocalEndPoint is the wildcard address with port 0.</summary>
    internal static Socket Listener(EndPoint endPoint) => Open(endPoint.AddressFamily switch
    {
        AddressFamily.InterNetwork => Internet,
        AddressFamily.InterNetworkV6 => Internet6,
        _ => Unix,
    });

    private static Socket Open(int domain)
    {
        int fd = Libc.Socket(domain, Stream | CloseOnExec, 0);
        return fd >= 0 ? Arrival.Adopt(fd) : throw SyscallException.Last("socket");
    }
}

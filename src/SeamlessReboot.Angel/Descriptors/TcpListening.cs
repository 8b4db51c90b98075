using System.Net;
using System.Net.Sockets;
using SeamlessReboot.Angel.Posix;
using SeamlessReboot.Posix;

namespace SeamlessReboot.Angel.Descriptors;

/// <summary>One listening TCP socket, by descriptor.</summary>
internal static unsafe class TcpListening
{
    private const int SockStream = 1, CloseOnExec = 0x80000;
    private const int Inet = 2, Inet6 = 10;
    private const int SolSocket = 1, ReuseAddress = 2, ProtocolV6 = 41, V6Only = 26;

    /// <exception cref="SyscallException">The kernel refuses it.</exception>
    internal static int Open(IPEndPoint endPoint, bool bothFamilies, int backlog)
    {
        bool v6 = endPoint.AddressFamily == AddressFamily.InterNetworkV6;
        int fd = Libc.Socket(v6 ? Inet6 : Inet, SockStream | CloseOnExec, 0);
        if (fd < 0)
            throw SyscallException.Last($"socket for {endPoint}");
        try
        {
            // Without it a port is refused for a minute after the last server, while old connections are in TIME_WAIT.
            Set(fd, SolSocket, ReuseAddress, 1);
            if (v6)
                Set(fd, ProtocolV6, V6Only, bothFamilies ? 0 : 1);
            SocketAddress address = endPoint.Serialize();
            fixed (byte* bytes = address.Buffer.Span)
                if (AngelLibc.Bind(fd, bytes, address.Size) != 0)
                    throw SyscallException.Last($"bind to {endPoint}");
            // Two may bind with SO_REUSEADDR; only one may listen, and the second one learns it here.
            if (AngelLibc.Listen(fd, backlog) != 0)
                throw SyscallException.Last($"listen on {endPoint}");
            return fd;
        }
        catch
        {
            Fd.Close(fd);
            throw;
        }
    }

    /// <summary>The port that it is bound to.</summary>
    internal static int Port(int fd)
    {
        byte[] address = SocketKernel.LocalAddress(fd);
        return address[2] << 8 | address[3];
    }

    private static void Set(int fd, int level, int option, int value)
    {
        if (Libc.SetSockOpt(fd, level, option, &value, sizeof(int)) != 0)
            throw SyscallException.Last("setsockopt");
    }
}

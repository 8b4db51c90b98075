namespace SeamlessReboot.Posix;

/// <summary>What the kernel says about a socket, by descriptor number.</summary>
internal static unsafe class SocketKernel
{
    private const int SolSocket = 1, SoType = 3, SoAcceptConn = 30, SoDomain = 39, SoCookie = 57;

    /// <summary>The 64-bit number that the kernel gives to one socket and never again; 0 where it has none to give.</summary>
    internal static ulong Cookie(int fd)
    {
        ulong cookie = 0;
        int length = sizeof(ulong);
        return Libc.GetSockOpt(fd, SolSocket, SoCookie, &cookie, &length) == 0 ? cookie : 0;
    }

    /// <summary>Address family and socket type, or null when the descriptor is no open socket.</summary>
    internal static (int Domain, int Type)? Kind(int fd) =>
        Option(fd, SoDomain) is int domain && Option(fd, SoType) is int type ? (domain, type) : null;

    internal static bool IsListening(int fd) => Option(fd, SoAcceptConn) is > 0;

    /// <summary>The raw local address, empty when there is none.</summary>
    internal static byte[] LocalAddress(int fd)
    {
        byte* address = stackalloc byte[128];
        int length = 128;
        return Libc.GetSockName(fd, address, &length) == 0 ? new Span<byte>(address, Math.Min(length, 128)).ToArray() : [];
    }

    /// <summary>The raw remote address, empty when there is none (a listener, or a client that is gone).</summary>
    internal static byte[] RemoteAddress(int fd)
    {
        byte* address = stackalloc byte[128];
        int length = 128;
        return Libc.GetPeerName(fd, address, &length) == 0 ? new Span<byte>(address, Math.Min(length, 128)).ToArray() : [];
    }

    private static int? Option(int fd, int option)
    {
        int value = 0, length = sizeof(int);
        return Libc.GetSockOpt(fd, SolSocket, option, &value, &length) == 0 ? value : null;
    }
}

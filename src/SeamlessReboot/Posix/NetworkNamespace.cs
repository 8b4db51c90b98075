using System.Text;

namespace SeamlessReboot.Posix;

/// <summary>A network of its own, with nothing in it but a loopback interface: for a process that is to reach nobody.</summary>
internal static unsafe class NetworkNamespace
{
    private const int NewNetwork = 0x40000000; // CLONE_NEWNET
    private const nint GetFlags = 0x8913, SetFlags = 0x8914; // SIOCGIFFLAGS, SIOCSIFFLAGS
    private const int Internet = 2, Datagram = 2, CloseOnExec = 0x80000;
    private const short Up = 1;
    private const int NameLength = 16, RequestLength = 40; // struct ifreq

    /// <summary>
    /// Moves the calling thread, and every process that it starts from here on, into a new network. The thread does not come out again,
    /// so it should be one that ends soon.
    /// </summary>
    /// <returns>False where this user may not; then nothing has changed.</returns>
    internal static bool TryEnter()
    {
        if (Libc.Unshare(NewNetwork) != 0)
            return false;
        int socket = Libc.Socket(Internet, Datagram | CloseOnExec, 0);
        byte* request = stackalloc byte[RequestLength];
        new Span<byte>(request, RequestLength).Clear();
        Encoding.ASCII.GetBytes("lo", new Span<byte>(request, NameLength));
        // Without it a server that listens on 127.0.0.1 could not. It is best effort: the namespace is what matters.
        if (Libc.Ioctl(socket, GetFlags, request) == 0)
        {
            *(short*)(request + NameLength) |= Up;
            _ = Libc.Ioctl(socket, SetFlags, request);
        }

        Fd.Close(socket);
        return true;
    }
}

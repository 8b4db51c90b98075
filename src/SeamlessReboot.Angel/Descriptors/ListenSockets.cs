using System.Globalization;
using System.Net;
using System.Net.Sockets;
using Mono.Unix.Native;
using SeamlessReboot.Angel.Daemon;
using SeamlessReboot.Posix;

namespace SeamlessReboot.Angel.Descriptors;

/// <summary>Opens the sockets of --listen, in their order. A host of two families makes two sockets, with one port and one name.</summary>
internal static class ListenSockets
{
    /// <summary>How often to choose another port where the kernel's choice for one family is taken in the other.</summary>
    private const int PortAttempts = 20;

    /// <summary>Opens all, or none.</summary>
    /// <param name="uris">What to listen on.</param>
    /// <param name="backlog">The length of each queue.</param>
    /// <param name="user">Whom the files of unix sockets are for; null: this user.</param>
    /// <exception cref="AngelException">One cannot be opened; the others are closed again.</exception>
    internal static IReadOnlyList<HeldListener> Open(IReadOnlyList<Uri> uris, int backlog, User? user = null)
    {
        List<HeldListener> open = [];
        try
        {
            foreach (Uri uri in uris)
                open.AddRange(uri.Scheme == "unix" ? [UnixListener.Open(uri, backlog, user ?? User.Current())] : OpenTcp(uri, backlog));
            return open;
        }
        catch
        {
            Close(open);
            throw;
        }
    }

    /// <summary>Closes them and removes the files of unix sockets.</summary>
    internal static void Close(IEnumerable<HeldListener> listeners)
    {
        foreach (HeldListener listener in listeners)
        {
            UnixListener.RemoveFile(listener);
            Fd.Close(listener.Fd);
        }
    }

    private static List<HeldListener> OpenTcp(Uri uri, int backlog)
    {
        List<IPAddress> addresses = Addresses(uri);
        for (int attempt = 1; ; attempt++)
        {
            List<HeldListener> open = [];
            int port = uri.Port;
            try
            {
                foreach (IPAddress address in addresses)
                {
                    int fd = TcpListening.Open(new IPEndPoint(address, port), bothFamilies: uri.Scheme == "tcp" && address.Equals(IPAddress.IPv6Any), backlog);
                    port = TcpListening.Port(fd);
                    open.Add(new HeldListener(ListenUri.Name(WithPort(uri, port)), fd, WithPort(uri, port).ToString().TrimEnd('/')));
                }

                return open;
            }
            catch (SyscallException e)
            {
                Close(open);
                // A machine whose kernel has no IPv6 still has every address of IPv4.
                if (e.Errno == (int)Errno.EAFNOSUPPORT && uri.Scheme == "tcp" && addresses[0].Equals(IPAddress.IPv6Any))
                    addresses = [IPAddress.Any];
                // The loopback address of IPv6 can be missing though the name is known.
                else if (e.Errno is (int)Errno.EADDRNOTAVAIL or (int)Errno.EAFNOSUPPORT && uri.Scheme == "tcp" && addresses.Count > 1)
                    addresses = [.. addresses.Where(a => a.AddressFamily == AddressFamily.InterNetwork)];
                else if (e.Errno != (int)Errno.EADDRINUSE || uri.Port != 0 || attempt == PortAttempts || addresses.Count == 1)
                    throw new AngelException(ExitCodes.SystemTrouble, Explain(uri, e), e);
            }
        }
    }

    private static List<IPAddress> Addresses(Uri uri)
    {
        string host = ListenUri.Host(uri);
        if (IPAddress.TryParse(host, out IPAddress? literal))
            return [literal];
        IPAddress[] found;
        try
        {
            found = Dns.GetHostAddresses(host);
        }
        catch (SocketException e)
        {
            throw new AngelException(ExitCodes.SystemTrouble, $"--listen {uri}: this machine knows no host '{host}' ({e.Message}). Write its address.", e);
        }

        List<IPAddress> wanted =
        [
            .. uri.Scheme == "tcp6" ? [] : found.Where(a => a.AddressFamily == AddressFamily.InterNetwork).Take(1),
            .. uri.Scheme == "tcp4" ? [] : found.Where(a => a.AddressFamily == AddressFamily.InterNetworkV6).Take(1),
        ];
        return wanted.Count > 0
            ? wanted
            : throw new AngelException(ExitCodes.SystemTrouble, $"--listen {uri}: '{host}' has no address of that family. Write tcp:// for the one that it has.");
    }

    private static Uri WithPort(Uri uri, int port) => uri.Port == port ? uri : new UriBuilder(uri) { Port = port }.Uri;

    private static string Explain(Uri uri, SyscallException e)
    {
        string remedy = (Errno)e.Errno switch
        {
            Errno.EADDRINUSE => string.Create(CultureInfo.InvariantCulture,
                $" Another process listens on port {uri.Port} (\"ss -ltnp 'sport = :{uri.Port}'\" shows it): stop it, or choose another port."),
            Errno.EACCES or Errno.EPERM => " Ports below 1024 are root's: start the angel as root with --user LOGIN, or choose another port.",
            Errno.EADDRNOTAVAIL => " No interface of this machine has that address.",
            _ => "",
        };
        return $"--listen {uri}: {e.Message}.{remedy}";
    }
}

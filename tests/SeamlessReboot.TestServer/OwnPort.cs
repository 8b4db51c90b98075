using System.Globalization;
using System.Net;
using System.Net.Sockets;

namespace SeamlessReboot.TestServer;

/// <summary>
/// A port that the library knows nothing of, as of a web page with the players' list: "--own-port N". With "--polite" a rehearsal does without
/// it. "--needs N" is a port that the server connects to, as to a database.
/// </summary>
internal static class OwnPort
{
    private static Socket? _socket;

    public static void Open(Options options)
    {
        if (options.Text("needs") is string needed)
        {
            using Socket database = new(AddressFamily.InterNetwork, SocketType.Stream, ProtocolType.Tcp);
            database.Connect(IPAddress.Loopback, int.Parse(needed, CultureInfo.InvariantCulture));
        }

        if (options.Text("own-port") is not string port || (options.Has("polite") && Rebooter.IsRehearsal))
            return;
        _socket = new Socket(AddressFamily.InterNetwork, SocketType.Stream, ProtocolType.Tcp);
        _socket.Bind(new IPEndPoint(IPAddress.Loopback, int.Parse(port, CultureInfo.InvariantCulture)));
        _socket.Listen();
    }
}

using System.Net;
using System.Net.Sockets;

namespace SeamlessReboot.ProcessTests.Helpers;

/// <summary>Ports for servers that have to have a fixed one. Below those that the kernel gives to clients.</summary>
internal static class Ports
{
    private static int _next = 10_000 + Environment.ProcessId % 10_000;

    public static int Free()
    {
        while (true)
        {
            int port = Interlocked.Increment(ref _next);
            using Socket socket = new(AddressFamily.InterNetwork, SocketType.Stream, ProtocolType.Tcp);
            try
            {
                socket.Bind(new IPEndPoint(IPAddress.Loopback, port));
                return port;
            }
            catch (SocketException)
            {
                // Somebody has it.
            }
        }
    }
}

using System.Net;
using System.Net.Sockets;
using System.Text;

namespace SeamlessReboot.DocTests;

/// <summary>Somebody who is connected to a server.</summary>
internal sealed class Client(Socket socket) : IDisposable
{
    private readonly byte[] _buffer = new byte[4096];

    public static async Task<Client> ConnectAsync(int port)
    {
        Socket socket = new(AddressFamily.InterNetwork, SocketType.Stream, ProtocolType.Tcp);
        await socket.ConnectAsync(IPAddress.Loopback, port);
        return new Client(socket);
    }

    public async Task SendAsync(string text) => await socket.SendAsync(Encoding.UTF8.GetBytes(text));

    /// <returns>All that came up to and with the text; what came with it in one piece behind it is dropped.</returns>
    public async Task<string> ReadUntilAsync(string text, CancellationToken cancellationToken)
    {
        StringBuilder said = new();
        while (true)
        {
            int count = await socket.ReceiveAsync(_buffer, cancellationToken);
            if (count == 0)
                throw new EndOfStreamException($"The server has closed the connection after: {said}");
            said.Append(Encoding.UTF8.GetString(_buffer, 0, count));
            int end = said.ToString().IndexOf(text, StringComparison.Ordinal);
            if (end >= 0)
                return said.ToString(0, end + text.Length);
        }
    }

    public void Dispose() => socket.Dispose();
}

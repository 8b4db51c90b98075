using System.Net;
using System.Net.Sockets;
using System.Text;

namespace MessagePackTests;

/// <summary>Sends text, reads lines.</summary>
internal sealed class Client : IDisposable
{
    private readonly TcpClient _tcp = new();
    private readonly CancellationToken _cancellationToken;
    private StreamReader? _reader;

    private Client(CancellationToken cancellationToken) => _cancellationToken = cancellationToken;

    internal static async Task<Client> ConnectAsync(int port, CancellationToken cancellationToken)
    {
        Client client = new(cancellationToken);
        await client._tcp.ConnectAsync(IPAddress.Loopback, port, cancellationToken);
        client._reader = new StreamReader(client._tcp.GetStream());
        return client;
    }

    internal ValueTask SendAsync(string text) => _tcp.GetStream().WriteAsync(Encoding.UTF8.GetBytes(text), _cancellationToken);

    internal async Task<string?> AskAsync(string text)
    {
        await SendAsync(text);
        return await _reader!.ReadLineAsync(_cancellationToken);
    }

    public void Dispose()
    {
        _reader?.Dispose();
        _tcp.Dispose();
    }
}

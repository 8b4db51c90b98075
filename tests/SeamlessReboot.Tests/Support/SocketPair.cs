using System.Net;
using System.Net.Sockets;
using System.Text;

namespace SeamlessReboot.Tests.Support;

/// <summary>Two ends of one connection through the kernel.</summary>
internal sealed class SocketPair : IDisposable
{
    private SocketPair(Socket server, Socket client)
    {
        Server = server;
        Client = client;
    }

    internal Socket Server { get; }

    internal Socket Client { get; }

    /// <param name="window">If given, the kernel keeps few bytes under way: about so many.</param>
    internal static SocketPair Tcp(int? window = null, AddressFamily family = AddressFamily.InterNetwork)
    {
        using Socket listener = new(family, SocketType.Stream, ProtocolType.Tcp);
        listener.Bind(new IPEndPoint(family == AddressFamily.InterNetwork ? IPAddress.Loopback : IPAddress.IPv6Loopback, 0));
        listener.Listen();
        Socket client = new(family, SocketType.Stream, ProtocolType.Tcp) { NoDelay = true };
        if (window is int bytes)
        {
            client.ReceiveBufferSize = bytes;
            listener.SendBufferSize = bytes; // its children have it from it
        }

        client.Connect(listener.LocalEndPoint!);
        return new SocketPair(listener.Accept(), client);
    }

    internal static SocketPair Unix()
    {
        using TempDirectory directory = new();
        using Socket listener = new(AddressFamily.Unix, SocketType.Stream, ProtocolType.Unspecified);
        UnixDomainSocketEndPoint name = new(directory["s"]);
        listener.Bind(name);
        listener.Listen();
        Socket client = new(AddressFamily.Unix, SocketType.Stream, ProtocolType.Unspecified);
        client.Connect(name);
        return new SocketPair(listener.Accept(), client);
    }

    internal void Say(string text) => Say(Encoding.UTF8.GetBytes(text));

    internal void Say(ReadOnlySpan<byte> bytes)
    {
        while (!bytes.IsEmpty)
            bytes = bytes[Client.Send(bytes)..];
    }

    /// <summary>Exactly so many bytes of what the server says.</summary>
    internal async Task<byte[]> HearAsync(int count)
    {
        byte[] bytes = new byte[count];
        for (int length = 0; length < count;)
        {
            int read = await Client.ReceiveAsync(bytes.AsMemory(length)).Within();
            Assert.That(read, Is.Positive, $"The connection ended after {length} of {count} bytes.");
            length += read;
        }

        return bytes;
    }

    internal async Task<string> HearTextAsync(int count) => Encoding.UTF8.GetString(await HearAsync(count));

    /// <summary>All that the server says until it closes.</summary>
    internal async Task<byte[]> HearToEndAsync()
    {
        using MemoryStream all = new();
        byte[] buffer = new byte[16 * 1024];
        while (await Client.ReceiveAsync(buffer.AsMemory()).Within() is int read and > 0)
            all.Write(buffer, 0, read);
        return all.ToArray();
    }

    /// <summary>What the client has got and not taken yet.</summary>
    internal int HeardSoFar => Client.Available;

    /// <summary>Ends the connection as a crash of the client's machine would: with a reset.</summary>
    internal void Reset()
    {
        Client.LingerState = new LingerOption(true, 0);
        Client.Dispose();
    }

    public void Dispose()
    {
        Client.Dispose();
        Server.Dispose();
    }
}

using System.Net;
using System.Net.Sockets;
using System.Text;
using NUnit.Framework;

namespace SeamlessReboot.DocTests;

/// <summary>The servers that INSTALLING.md shows do what it says of them.</summary>
internal sealed class SampleServerTests
{
    private static readonly TimeSpan _limit = TimeSpan.FromSeconds(60);
    private string _directory = "";

    [SetUp]
    public void MakeDirectory() => _directory = Directory.CreateTempSubdirectory("doctests-").FullName;

    [TearDown]
    public void RemoveDirectory() => Directory.Delete(_directory, recursive: true);

    [TestCase("AcceptLoop", "ann 1 of 1: hello", "ann 2 of 2: half a line")]
    [TestCase("StreamLoop", "ann 1: hello", "ann 2: half a line")]
    [TestCase("GameLoop", "ann 1: hello", "ann 2: half a line")]
    [TestCase("GateLoop", "ann 1: hello", "ann 2: half a line")]
    [TestCase("WorkedOut", "ann 1 1: hello", "ann 2 1: half a line")]
    public async Task A_half_typed_line_is_completed_after_the_reboot(string name, string first, string second)
    {
        using CancellationTokenSource limit = new(_limit);
        await using SampleServer server = await SampleServer.StartAsync(name, _directory, limit.Token);
        using Client ann = await Client.ConnectAsync(server.Port);
        using Client half = await Client.ConnectAsync(server.Port);
        await ann.SendAsync("ann\r\nhello\r\nhalf a ");
        await half.SendAsync("be");
        await ann.ReadUntilAsync(first, limit.Token);

        server.Signal("HUP");
        await server.WaitUntilReadyAsync(limit.Token);
        await ann.SendAsync("line\r\n");
        Assert.That(await ann.ReadUntilAsync(": half a line", limit.Token), Does.EndWith(second).And.Not.Contain("name?"));
        await half.SendAsync("a\r\nhere\r\n"); // only now: some of the servers count everyone's lines
        await half.ReadUntilAsync("bea 1", limit.Token);
        Assert.That((server.Generation, server.Sessions), Is.EqualTo((1, 2)));
    }

    [Test]
    public async Task Who_asks_for_a_reboot_in_a_session_gets_one()
    {
        using CancellationTokenSource limit = new(_limit);
        await using SampleServer server = await SampleServer.StartAsync("WorkedOut", _directory, limit.Token);
        using Client ann = await Client.ConnectAsync(server.Port);
        await ann.SendAsync("ann\r\nhello\r\nreboot\r\nagain\r\n");

        await server.WaitUntilReadyAsync(limit.Token);
        string said = await ann.ReadUntilAsync("again", limit.Token);

        Assert.That(said, Is.EqualTo("ann 1 1: hello\r\nThe server reboots. Stay where you are.\r\nann 2 1: again"));
        Assert.That(await File.ReadAllTextAsync(Path.Combine(_directory, "journal.txt"), limit.Token), Does.StartWith("hello\n"), "flushed");
    }

    private sealed class Client(Socket socket) : IDisposable
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
}

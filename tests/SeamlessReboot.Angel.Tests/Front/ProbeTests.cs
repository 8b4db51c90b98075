using System.Globalization;
using System.Net;
using System.Net.Sockets;
using System.Text;
using SeamlessReboot.Angel.CommandLine;
using SeamlessReboot.Angel.Monitoring;

namespace SeamlessReboot.Angel.Tests.Front;

[FixtureLifeCycle(LifeCycle.InstancePerTestCase)]
internal sealed class ProbeTests : IDisposable
{
    private readonly Socket _listener = new(AddressFamily.InterNetwork, SocketType.Stream, ProtocolType.Tcp);

    private int Port => ((IPEndPoint)_listener.LocalEndPoint!).Port;

    [SetUp]
    public void Listen()
    {
        _listener.Bind(new IPEndPoint(IPAddress.Loopback, 0));
        _listener.Listen();
    }

    public void Dispose() => _listener.Dispose();

    [Test]
    public async Task An_open_port_is_enough_when_nothing_is_asked() => Assert.That(await ProbeAsync(""), Is.Null);

    [Test]
    public async Task A_server_that_answers_lives()
    {
        Task<string> heard = ServeAsync("hello\n");
        Assert.That(await ProbeAsync("=who"), Is.Null);
        Assert.That(await heard, Is.EqualTo("who\r\n"));
    }

    [Test]
    public async Task A_server_that_never_answers_is_deaf() =>
        Assert.That(await ProbeAsync("=who", TimeSpan.FromMilliseconds(200)), Does.Contain("accepts connections and does not answer within 200ms"));

    [Test]
    public async Task A_server_that_hangs_up_is_told_of()
    {
        Task<string> heard = ServeAsync("");
        Assert.That(await ProbeAsync("=who"), Does.Contain("closed the connection without an answer to 'who'"));
        await heard;
    }

    [Test]
    public async Task A_port_that_is_closed_is_told_of()
    {
        int port = Port;
        _listener.Dispose();
        Assert.That(await Probe.RunAsync(Options(Target(port, ""), TimeSpan.FromSeconds(10)), default), Does.Contain("cannot be connected to"));
    }

    [Test]
    public async Task A_server_whose_queue_is_full_is_told_of()
    {
        _listener.Listen(1);
        using CancellationTokenSource end = new();
        List<Socket> waiting = [];
        string? fault = null;
        // The kernel takes somewhat more than was asked for, and then lets the others wait.
        for (int i = 0; i < 20 && fault is null; i++)
        {
            fault = await ProbeAsync("", TimeSpan.FromMilliseconds(300));
            Socket client = new(SocketType.Stream, ProtocolType.Tcp);
            waiting.Add(client);
            _ = client.ConnectAsync(IPAddress.Loopback, Port, end.Token).AsTask().ContinueWith(t => t.Exception, TaskScheduler.Default);
        }

        await end.CancelAsync();
        waiting.ForEach(s => s.Dispose());
        Assert.That(fault, Does.Contain("accepts no connection within 300ms"));
    }

    [Test]
    public async Task A_host_that_nobody_knows_is_told_of() =>
        Assert.That(await Probe.RunAsync(Options("tcp://no-such-host.invalid:1", TimeSpan.FromSeconds(20)), default), Does.Contain("no-such-host.invalid"));

    [Test]
    public async Task A_unix_socket_can_be_talked_to()
    {
        using TempDirectory directory = new();
        using Socket listener = new(AddressFamily.Unix, SocketType.Stream, ProtocolType.Unspecified);
        listener.Bind(new UnixDomainSocketEndPoint(directory["s"]));
        listener.Listen();
        Assert.That(await Probe.RunAsync(Options($"unix://{directory["s"]}", TimeSpan.FromSeconds(10)), default), Is.Null);
    }

    [Test]
    public void The_caller_can_end_it()
    {
        using CancellationTokenSource end = new(100);
        Assert.That(async () => await Probe.RunAsync(Options(Target(Port, "=who"), TimeSpan.FromSeconds(30)), end.Token),
            Throws.InstanceOf<OperationCanceledException>());
    }

    private Task<string?> ProbeAsync(string text, TimeSpan? timeout = null) =>
        Probe.RunAsync(Options(Target(Port, text), timeout ?? TimeSpan.FromSeconds(10)), default);

    private static string Target(int port, string text) => string.Create(CultureInfo.InvariantCulture, $"tcp://127.0.0.1:{port}{text}");

    private async Task<string> ServeAsync(string answer)
    {
        using Socket client = await _listener.AcceptAsync();
        byte[] buffer = new byte[100];
        int length = await client.ReceiveAsync(buffer);
        if (answer.Length > 0)
            await client.SendAsync(Encoding.ASCII.GetBytes(answer));
        return Encoding.ASCII.GetString(buffer, 0, length);
    }

    private static AngelOptions Options(string target, TimeSpan timeout)
    {
        ProbeTarget probe = ProbeTarget.Parse(target);
        return new AngelOptions { Command = ["x"], Name = "x", RuntimeDirectory = "/", Probe = probe.Address, ProbeText = probe.Text, ProbeTimeout = timeout };
    }
}

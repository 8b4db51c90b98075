using System.Globalization;
using System.Net;
using System.Net.Sockets;
using SeamlessReboot.Angel.Descriptors;
using SeamlessReboot.Posix;

namespace SeamlessReboot.Angel.Tests.Front;

[FixtureLifeCycle(LifeCycle.InstancePerTestCase)]
internal sealed class ListenSocketsTests : IDisposable
{
    private const int Unix = 1, Inet = 2, Inet6 = 10;
    private readonly TempDirectory _directory = new();
    private readonly List<HeldListener> _open = [];

    private string SocketPath => _directory["s.sock"];

    public void Dispose()
    {
        ListenSockets.Close(_open);
        _directory.Dispose();
    }

    [Test]
    public async Task A_wildcard_takes_clients_of_both_families()
    {
        HeldListener listener = Open("tcp://*:0").Single();
        Assert.That(SocketKernel.IsListening(listener.Fd), Is.True);
        Assert.That(Fd.IsCloseOnExec(listener.Fd), Is.True);
        int port = new Uri(listener.Uri).Port;
        Assert.That(port, Is.Not.Zero);
        Assert.That(listener.Name, Is.EqualTo(string.Create(CultureInfo.InvariantCulture, $"tcp-{port}")));
        await ConnectAsync(new IPEndPoint(IPAddress.Loopback, port));
        if (SocketKernel.Kind(listener.Fd)!.Value.Domain == Inet6)
            await ConnectAsync(new IPEndPoint(IPAddress.IPv6Loopback, port));
    }

    [Test]
    public async Task An_address_is_bound_as_it_is()
    {
        HeldListener listener = Open("tcp://127.0.0.1:0#web").Single();
        Assert.That(SocketKernel.Kind(listener.Fd)!.Value.Domain, Is.EqualTo(Inet));
        Assert.That(listener.Name, Is.EqualTo("web"));
        Assert.That(listener.Uri, Does.StartWith("tcp://127.0.0.1:").And.EndWith("#web"));
        await ConnectAsync(new IPEndPoint(IPAddress.Loopback, new Uri(listener.Uri).Port));
    }

    [Test]
    public async Task A_host_of_two_families_gets_one_port()
    {
        IReadOnlyList<HeldListener> listeners = Open("tcp://localhost:0");
        Assert.That(listeners.Select(l => l.Uri).Distinct().Count(), Is.EqualTo(1));
        Assert.That(listeners.Select(l => SocketKernel.Kind(l.Fd)!.Value.Domain), Is.Unique);
        await ConnectAsync(new IPEndPoint(IPAddress.Loopback, new Uri(listeners[0].Uri).Port));
    }

    [Test]
    public void Each_family_can_have_the_same_port()
    {
        if (!Socket.OSSupportsIPv6)
            Assert.Ignore("This machine has no IPv6.");
        HeldListener four = Open("tcp4://*:0").Single();
        string port = new Uri(four.Uri).Port.ToString(CultureInfo.InvariantCulture);
        HeldListener six = Open($"tcp6://*:{port}").Single();
        Assert.That(SocketKernel.Kind(six.Fd)!.Value.Domain, Is.EqualTo(Inet6));
    }

    [Test]
    public void A_port_that_is_taken_is_told_with_who_to_ask()
    {
        string port = new Uri(Open("tcp4://127.0.0.1:0").Single().Uri).Port.ToString(CultureInfo.InvariantCulture);
        AngelException? refused = Assert.Throws<AngelException>(() => Open($"unix://{SocketPath}", $"tcp4://127.0.0.1:{port}"));
        Assert.Multiple(() =>
        {
            Assert.That(refused!.Message, Does.Contain("EADDRINUSE").And.Contain("ss -ltnp"));
            Assert.That(refused.ExitCode, Is.EqualTo(ExitCodes.SystemTrouble));
            Assert.That(File.Exists(SocketPath), Is.False, "What was opened before it is closed again.");
        });
        // Other tests open and close beside this one: what leaked each time would be far more than that.
        int before = Fd.ListOpen()!.Count;
        for (int i = 0; i < 300; i++)
            Assert.Throws<AngelException>(() => Open($"unix://{SocketPath}", $"tcp4://127.0.0.1:{port}"));
        Assert.That(Fd.ListOpen()!.Count, Is.LessThan(before + 150));
    }

    [Test]
    public void A_host_that_nobody_knows_is_told() =>
        Assert.That(() => Open("tcp://no-such-host.invalid:0"), Throws.TypeOf<AngelException>().With.Message.Contains("no-such-host.invalid"));

    [Test]
    public void An_address_that_is_not_ours_is_told() =>
        Assert.That(() => Open("tcp://192.0.2.1:0"), Throws.TypeOf<AngelException>().With.Message.Contains("No interface"));

    [Test]
    public async Task A_unix_socket_has_a_file_until_it_is_closed()
    {
        IReadOnlyList<HeldListener> listeners = ListenSockets.Open([ListenUri.Parse($"unix://{SocketPath}?mode=660")], 16);
        Assert.That(SocketKernel.Kind(listeners[0].Fd)!.Value.Domain, Is.EqualTo(Unix));
        Assert.That(Fd.IsCloseOnExec(listeners[0].Fd), Is.True);
        Assert.That((int)File.GetUnixFileMode(SocketPath), Is.EqualTo(0x1B0));
        await ConnectAsync(new UnixDomainSocketEndPoint(SocketPath));
        ListenSockets.Close(listeners);
        Assert.That(File.Exists(SocketPath), Is.False);
    }

    [Test]
    public async Task A_socket_that_was_left_behind_is_replaced()
    {
        using (Socket killed = new(AddressFamily.Unix, SocketType.Stream, ProtocolType.Unspecified))
        {
            killed.Bind(new UnixDomainSocketEndPoint(_directory["other"]));
            killed.Listen();
            File.Move(_directory["other"], SocketPath); // so that its end leaves the file
        }

        Assert.That(File.Exists(SocketPath), Is.True);
        Open($"unix://{SocketPath}");
        await ConnectAsync(new UnixDomainSocketEndPoint(SocketPath));
    }

    [Test]
    public async Task A_socket_where_somebody_listens_is_left_alone()
    {
        Open($"unix://{SocketPath}");
        Assert.That(() => Open($"unix://{SocketPath}"), Throws.TypeOf<AngelException>().With.Message.Contains("another process listens there"));
        await ConnectAsync(new UnixDomainSocketEndPoint(SocketPath));
    }

    [Test]
    public void A_file_that_is_no_socket_is_left_alone()
    {
        File.WriteAllText(SocketPath, "precious");
        Assert.That(() => Open($"unix://{SocketPath}"), Throws.TypeOf<AngelException>().With.Message.Contains("is not a socket"));
        Assert.That(File.ReadAllText(SocketPath), Is.EqualTo("precious"));
    }

    [Test]
    public void Programs_for_einhorn_and_socketmaster_find_their_variables()
    {
        IReadOnlyList<HeldListener> listeners = Open("tcp4://127.0.0.1:0", $"unix://{SocketPath}");
        IReadOnlyDictionary<string, string> variables = PassedVariables.ForEinhorn(listeners, firstFd: 3, angel: 77, "/run/x/control");
        Assert.That(variables, Is.EquivalentTo(new Dictionary<string, string>
        {
            ["EINHORN_FDS"] = "3 4",
            ["EINHORN_FD_COUNT"] = "2",
            ["EINHORN_FD_0"] = "3",
            ["EINHORN_FD_1"] = "4",
            ["EINHORN_FD_FAMILY_0"] = "AF_INET",
            ["EINHORN_FD_FAMILY_1"] = "AF_UNIX",
            ["EINHORN_MASTER_PID"] = "77",
            ["EINHORN_SOCK_PATH"] = "/run/x/control",
        }));
        Assert.That(PassedVariables.ForEinhorn([], 3, 77, "/run/x/control"), Is.Empty);
    }

    private IReadOnlyList<HeldListener> Open(params string[] uris)
    {
        IReadOnlyList<HeldListener> listeners = ListenSockets.Open([.. uris.Select(ListenUri.Parse)], 16);
        _open.AddRange(listeners);
        return listeners;
    }

    private static async Task ConnectAsync(EndPoint endPoint)
    {
        using Socket client = new(endPoint.AddressFamily, SocketType.Stream, endPoint is IPEndPoint ? ProtocolType.Tcp : ProtocolType.Unspecified);
        await client.ConnectAsync(endPoint).WaitAsync(TimeSpan.FromSeconds(10));
    }
}

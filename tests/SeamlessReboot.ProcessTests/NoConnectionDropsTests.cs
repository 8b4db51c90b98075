using System.Net;
using System.Net.Sockets;
using SeamlessReboot.ProcessTests.Helpers;

namespace SeamlessReboot.ProcessTests;

/// <summary>Promise 1: every established client and every listener carries over, and nobody is refused.</summary>
internal sealed class NoConnectionDropsTests : ProcessTest
{
    [Test]
    public async Task No_connection_drops_under_load()
    {
        ServerProcess server = await StartAsync("--check");
        List<Client> clients = await ConnectAsync(server, 20);
        List<Chatter> chatters = [.. clients.Select((c, i) => Chatter.Start(c, seed: i))];
        for (int i = 0; i < 5; i++)
        {
            ServerEvent ready = await server.RebootAsync();
            Assert.Multiple(() =>
            {
                Assert.That(ready.Number("sessions"), Is.EqualTo(20));
                Assert.That(ready.Lost, Is.Empty);
                Assert.That(ready.Number("pid"), Is.EqualTo(server.Pid));
            });
        }

        foreach (Chatter chatter in chatters)
            Assert.That(await chatter.StopAsync(), Is.GreaterThan(1));
    }

    [Test]
    public async Task New_connections_throughout_are_never_refused_and_all_served()
    {
        ServerProcess server = await StartAsync("--unix", Workspace.File("s"), "--tcp", "127.0.0.1:0");
        IPEndPoint tcp = new(IPAddress.Loopback, server.Ready.Ports[1]);
        UnixDomainSocketEndPoint unix = new(Workspace.File("s"));
        using CancellationTokenSource stop = new();
        Task<List<long>>[] arrivals = [ArriveAsync(tcp, stop.Token), ArriveAsync(tcp, stop.Token), ArriveAsync(unix, stop.Token)];
        for (int i = 0; i < 10; i++)
            await server.RebootAsync();
        await stop.CancelAsync();
        List<long>[] ids = await Task.WhenAll(arrivals);
        Assert.Multiple(() =>
        {
            Assert.That(ids, Has.All.Not.Empty);
            Assert.That(ids.SelectMany(i => i), Is.Unique);
        });
    }

    [Test]
    public async Task A_client_that_connects_while_the_server_is_away_is_served_after()
    {
        (ServerProcess server, Gap gap) = await StartWithGapAsync();
        List<Client> arrivals = [];
        await gap.RebootAsync(server, async () =>
        {
            for (int i = 0; i < 50; i++)
            {
                arrivals.Add(await ConnectAsync(server));
                await arrivals[i].SendAsync("first\n");
            }
        });
        foreach (Client client in arrivals)
            await client.ExpectAnswerAsync("first");
        await SayAllAsync(arrivals, "second");
        Assert.That(arrivals.Select(c => c.Id), Is.Unique);
    }

    [Test]
    public async Task Listeners_on_IPv4_IPv6_and_a_unix_socket_survive_together()
    {
        if (!Socket.OSSupportsIPv6)
            Assert.Ignore("This machine has no IPv6.");
        string path = Workspace.File("s");
        ServerProcess server = await StartAsync("--tcp", "127.0.0.1:0", "--tcp", "[::1]:0", "--unix", path);
        EndPoint[] endPoints = [new IPEndPoint(IPAddress.Loopback, server.Ready.Ports[0]), new IPEndPoint(IPAddress.IPv6Loopback, server.Ready.Ports[1]),
            new UnixDomainSocketEndPoint(path)];
        List<Client> clients = [];
        for (int i = 0; i < 3; i++)
        {
            foreach (EndPoint endPoint in endPoints)
                clients.Add(await ConnectAsync(endPoint));
            await SayAllAsync(clients, "round");
            IReadOnlyList<int> ports = server.Ready.Ports;
            await server.RebootAsync();
            Assert.That(server.Ready.Ports, Is.EqualTo(ports));
            await SayAllAsync(clients, "and round");
        }
    }

    [Test]
    public async Task A_unix_socket_file_is_neither_unlinked_nor_left_behind()
    {
        string path = Workspace.File("s");
        ServerProcess server = await StartAsync("--unix", path);
        string inode = await Shell.RunAsync("stat", "-c", "%i %w", path);
        Client client = await ConnectAsync(new UnixDomainSocketEndPoint(path));
        for (int i = 0; i < 3; i++)
        {
            await server.RebootAsync();
            Assert.That(await Shell.RunAsync("stat", "-c", "%i %w", path), Is.EqualTo(inode));
        }

        Assert.That(await client.AskAsync("!quit"), Is.EqualTo("bye"));
        Assert.That(await server.ExitCodeAsync(), Is.Zero);
        Assert.That(File.Exists(path), Is.False);
    }

    [Test]
    public async Task A_unix_socket_file_that_a_killed_server_left_behind_is_taken_over()
    {
        string path = Workspace.File("s");
        ServerProcess first = await StartAsync("--unix", path);
        await first.KillAsync();
        Assert.That(File.Exists(path), Is.True);
        ServerProcess second = await StartAsync("--unix", path);
        await second.RebootAsync();
        Client client = await ConnectAsync(new UnixDomainSocketEndPoint(path));
        await client.SayAsync("hello");
    }

    [Test]
    public async Task A_client_that_was_accepted_and_not_yet_added_survives()
    {
        ServerProcess server = await StartAsync("--hold-accepted");
        Client client = await ConnectAsync(server);
        await client.SendAsync("first\n");
        await server.EventAsync(e => e.Name == "accepted", "accepted");
        await server.RebootAsync();
        await client.ExpectAnswerAsync("first");
        await server.RebootAsync();
        await client.SayAsync("second");
    }

    [TestCase(false)]
    [TestCase(true)]
    public async Task Clients_that_vanish_while_sessions_suspend_harm_nobody(bool byReset)
    {
        ServerProcess server = await StartAsync();
        List<Client> vanishing = await ConnectAsync(server, 10), staying = await ConnectAsync(server, 3);
        Hold hold = await Hold.BeginAsync(Workspace, staying[0]);
        foreach (Client client in vanishing)
            await client.SendAsync("half a li");
        Assert.That(await staying[2].AskAsync($"!tell-late {staying[1].Id} psst"), Is.EqualTo("waiting"));
        server.Send(Signal.Hup);
        Task<ServerEvent> ready = server.ReadyAsync(1);
        await server.EventAsync(e => e.Name == "suspending", "suspending");
        foreach (Client client in vanishing)
            Vanish(client, byReset);
        await hold.ReleaseAsync();
        await ready;
        await staying[1].ExpectAsync("psst\n");
        await staying[2].ExpectAsync("told\n");
        await SayAllAsync(staying, "still here");
    }

    [TestCase(false)]
    [TestCase(true)]
    public async Task Clients_that_vanish_while_the_server_is_away_harm_nobody(bool byReset)
    {
        (ServerProcess server, Gap gap) = await StartWithGapAsync();
        List<Client> vanishing = await ConnectAsync(server, 10), staying = await ConnectAsync(server, 3);
        foreach (Client client in vanishing.Take(5))
            Assert.That(await client.AskAsync("!pour 1"), Is.EqualTo("line 0000001 of 0000001"));
        await gap.RebootAsync(server, () =>
        {
            foreach (Client client in vanishing)
                Vanish(client, byReset);
            return Task.CompletedTask;
        });
        await SayAllAsync(staying, "still here");
        await gap.RebootAsync(server, () => Task.CompletedTask);
        Assert.That(server.Ready.Number("sessions"), Is.EqualTo(3));
        await SayAllAsync(staying, "and here");
    }

    private static void Vanish(Client client, bool byReset)
    {
        if (byReset)
            client.Reset();
        else
            client.Dispose();
    }

    private static async Task<List<long>> ArriveAsync(EndPoint endPoint, CancellationToken stop)
    {
        List<long> ids = [];
        while (!stop.IsCancellationRequested)
        {
            using Client client = await Client.ConnectAsync(endPoint);
            await client.SayAsync("hello");
            await client.SayAsync("and bye");
            ids.Add(client.Id);
            await Task.Delay(5, CancellationToken.None); // its pace, not a wait for anything
        }

        return ids;
    }
}

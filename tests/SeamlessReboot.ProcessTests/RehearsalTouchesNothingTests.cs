using System.Net;
using System.Net.Sockets;
using System.Text.RegularExpressions;
using SeamlessReboot.ProcessTests.Helpers;

namespace SeamlessReboot.ProcessTests;

/// <summary>A rehearsal reaches nothing outside of itself, and leaves nothing behind.</summary>
internal sealed class RehearsalTouchesNothingTests : ProcessTest
{
    private string Trace => Workspace.File("trace");

    [Test]
    public async Task It_binds_no_address_connects_to_nothing_and_writes_to_no_file([Values("counter", "gate", "context", "stream")] string kind)
    {
        await SystemCalls.RequireAsync();
        string unix = Workspace.File("socket"), log = Workspace.File("kept.log"), arguments = $"--check --kind {kind} --spool {Workspace.Spool} --tcp 127.0.0.1:0 --unix {unix} --keep-file {log}";
        string traced = Workspace.Write("traced", $"""
            #!/bin/sh
            [ -n "$SEAMLESSREBOOT_CHECK" ] && trace='{SystemCalls.Command(Trace)}'
            exec $trace dotnet '{Builds.Server}' {arguments}

            """, executable: true);
        ServerProcess server = await StartForCommandAsync(traced, arguments.Split(' '));
        List<Client> clients = await ConnectAsync(server, 3);
        Client local = await ConnectAsync(new UnixDomainSocketEndPoint(unix));
        await local.SayAsync("hello");
        await clients[0].SendAsync("half");
        await server.RebootAsync();
        await clients[0].SendAsync(" a line\n");
        await clients[0].ExpectAnswerAsync("half a line");

        SystemCalls calls = SystemCalls.Read(Trace);
        await TestContext.Out.WriteLineAsync($"{kind}: {calls.Count} of the calls that were looked at, {calls.Changing().Count} of them for /dev/null and the runtime's own memory");
        IReadOnlyList<string> written = [.. calls.Named("write", "writev", "pwrite64", "pwritev").Where(l => l.Contains("</", StringComparison.Ordinal))];
        Assert.Multiple(() =>
        {
            Assert.That(server.Logs("RehearsalInconclusive"), Is.Empty);
            Assert.That(server.Logs("Rehearsed"), Has.Count.EqualTo(1));
            Assert.That(calls.Count, Is.GreaterThan(100), "a .NET program that starts opens more than that");
            Assert.That(calls.Named("bind", "listen", "connect", "accept", "accept4", "sendto", "sendmsg", "sendmmsg", "sendfile", "shutdown"), Is.Empty);
            Assert.That(calls.Named("kill", "flock").Where(l => !IsHarmless(l)), Is.Empty);
            Assert.That(calls.Changing().Where(l => !IsHarmless(l)), Is.Empty);
            Assert.That(written.Where(l => !IsHarmless(l)), Is.Empty);
            Assert.That(calls.Named("openat", "open").Where(l => l.Contains(Workspace.Spool, StringComparison.Ordinal) || l.Contains(log, StringComparison.Ordinal)), Is.Empty,
                "not even to be read");
        });
    }

    [Test]
    public async Task It_has_none_of_the_servers_sockets_and_as_root_a_network_of_its_own()
    {
        (ServerProcess server, int rehearsal) = await HangingAsync();
        HashSet<string> ours = [.. server.Proc.Descriptors().Values], its = [.. new ProcInfo(rehearsal).Descriptors().Values];
        string network = new ProcInfo(rehearsal).Namespace("net");
        await server.CalledOffAsync(0);
        Assert.Multiple(() =>
        {
            Assert.That(ours.Where(d => d.StartsWith("socket:", StringComparison.Ordinal)), Is.Not.Empty);
            Assert.That(its.Where(d => d.StartsWith("socket:", StringComparison.Ordinal)).Intersect(ours), Is.Empty);
            Assert.That(its, Has.None.Contains(Workspace.Spool));
            Assert.That(its, Has.None.Contains("memfd:seamlessreboot"));
        });
        if (Libc.EffectiveUser() == 0 && (await Shell.TryAsync("unshare", "--net", "true")).Code == 0)
            Assert.That(network, Is.Not.EqualTo(server.Proc.Namespace("net")));
    }

    [Test]
    public async Task It_is_ended_and_leaves_no_zombie_when_it_hangs()
    {
        (ServerProcess server, int rehearsal) = await HangingAsync();
        Assert.That(server.Proc.Children(), Does.Contain(rehearsal));
        await server.CalledOffAsync(0);
        await Limits.UntilAsync(() => server.Proc.Children().Count == 0, "the server has no child, and no zombie");
        await server.RebootAsync(); // the faults are used up
    }

    [Test]
    public async Task It_ends_when_the_server_is_killed()
    {
        (ServerProcess server, int rehearsal) = await HangingAsync("--check-timeout", "60000");
        await server.KillAsync();
        await Limits.UntilAsync(() => ProcInfo.HasEnded(rehearsal), "the rehearsal has ended");
    }

    [Test]
    public async Task It_ends_when_the_server_ends_in_order()
    {
        (ServerProcess server, int rehearsal) = await HangingAsync("--check-timeout", "60000");
        Client client = await ConnectAsync(server);
        await client.SendAsync("!quit\n");
        Assert.That(await server.ExitCodeAsync(), Is.Zero);
        await Limits.UntilAsync(() => ProcInfo.HasEnded(rehearsal), "the rehearsal has ended");
    }

    /// <summary>In a network of its own, which root may give it, the port is free. Otherwise the host itself is why it says nothing.</summary>
    [TestCase(true)]
    [TestCase(false)]
    public async Task A_host_that_binds_a_port_of_its_own_can_be_rebooted(bool isPolite)
    {
        ServerProcess server = await StartWithOwnPortAsync([], isPolite);
        await AssertRebootsAsync(server, Libc.EffectiveUser() == 0 || isPolite);
    }

    [TestCase(true)]
    [TestCase(false)]
    public async Task A_host_that_binds_a_port_of_its_own_can_be_rebooted_by_any_user(bool isPolite)
    {
        ServerProcess server = await StartWithOwnPortAsync(await Unprivileged.CommandAsync(Workspace), isPolite);
        await AssertRebootsAsync(server, isPolite);
    }

    /// <summary>What is not there for a rehearsal in the server's own network is not there in earnest: nobody is to be disturbed for that.</summary>
    [Test]
    public async Task A_database_that_is_down_calls_the_reboot_off_and_one_that_is_up_does_not()
    {
        using Socket database = new(AddressFamily.InterNetwork, SocketType.Stream, ProtocolType.Tcp);
        database.Bind(new IPEndPoint(IPAddress.Loopback, 0));
        database.Listen();
        int port = ((IPEndPoint)database.LocalEndPoint!).Port;
        string[] before = Libc.EffectiveUser() == 0 ? await Unprivileged.CommandAsync(Workspace) : []; // root's rehearsal has a network of its own
        ServerProcess server = await StartByShellAsync($"exec {string.Join(' ', before)} dotnet '{Builds.Server}' --check --spool {Workspace.Spool} --needs {port}");
        List<Client> clients = await ConnectAsync(server, 3);
        await server.RebootAsync();
        database.Dispose();
        ServerEvent calledOff = await server.RebootInVainAsync();
        Assert.That(calledOff.Message, Does.Contain("Connection refused"));
        await SayAllAsync(clients, "nobody has noticed");
    }

    private Task<ServerProcess> StartWithOwnPortAsync(string[] before, bool isPolite) =>
        StartByShellAsync($"exec {string.Join(' ', before)} dotnet '{Builds.Server}' --check --spool {Workspace.Spool} --own-port {Ports.Free()} {(isPolite ? "--polite" : "")}");

    private async Task AssertRebootsAsync(ServerProcess server, bool isConclusive)
    {
        List<Client> clients = await ConnectAsync(server, 3);
        Assert.That(await clients[0].AskAsync("!check"), isConclusive ? Is.EqualTo("fine") : Does.StartWith("inconclusive: ").And.Contain("Address already in use"));
        for (int i = 0; i < 2; i++)
        {
            int since = server.Now;
            await server.RebootAsync();
            await SayAllAsync(clients, "carried");
            if (isConclusive)
                Assert.That((server.Logs("Rehearsed", since).Count > 0, server.Logs("RehearsalInconclusive", since).Count), Is.EqualTo((true, 0)));
            else
                Assert.That(server.Logs("RehearsalInconclusive", since)[^1].Message,
                    Does.Contain("Address already in use (at ").And.Contain("Rebooter.IsRehearsal").And.Contain("RebooterOptions.Rehearsal"));
        }
    }

    /// <summary>A server whose rehearsal hangs between Start and Ready, and the number of that process.</summary>
    private async Task<(ServerProcess Server, int Rehearsal)> HangingAsync(params string[] options)
    {
        string fifo = Workspace.File("hanging"), faults = Workspace.Write("faults", $"ok\nhang {fifo}\n");
        await Shell.RunAsync("mkfifo", fifo);
        ServerProcess server = await StartAsync(["--check", "--check-timeout", "5000", "--faults", faults, .. options]);
        await ConnectAsync(server, 3);
        server.Send(Signal.Hup);
        return (server, int.Parse(await Task.Run(() => File.ReadAllText(fifo)).WaitAsync(Limits.Wait), provider: null));
    }

    // The runtime names its threads, and has two views of the memory that it compiles to.
    private static bool IsHarmless(string call) => call.Contains("/dev/null", StringComparison.Ordinal) || Regex.IsMatch(call, "/proc/(self|[0-9]+)/task/[0-9]+/comm")
        || call.Contains("</memfd:doublemapper", StringComparison.Ordinal);
}

using System.Diagnostics;
using System.Globalization;
using System.Net;
using System.Net.Sockets;
using System.Text;
using System.Text.Json;

namespace SeamlessReboot.Angel.Tests.Live;

/// <summary>The limit of open files, and more names than a variable can hold.</summary>
internal sealed class StoreLimitTests : LiveTest
{
    /// <summary>A server of lines that gives every client away, and accepts until it may open no more.</summary>
    private const string LineServer = """
        import array, os, select, socket
        notify = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM); notify.connect(os.environ['NOTIFY_SOCKET'])
        door = socket.socket(fileno=3); door.setblocking(False)
        e = select.epoll(); e.register(3, select.EPOLLIN)
        for i, name in enumerate(os.environ['LISTEN_FDNAMES'].split(':')):
            if name.startswith('client'): e.register(3 + i, select.EPOLLIN)
        notify.send(b'READY=1'); print('serving', os.getpid(), flush=True)
        while True:
            for fd, _ in e.poll():
                if fd == 3:
                    try: client = door.accept()[0].detach()
                    except OSError: e.unregister(3); continue
                    notify.sendmsg([b'FDSTORE=1\nFDNAME=client' + os.environ.get('LONG', '').encode()], [(socket.SOL_SOCKET, socket.SCM_RIGHTS, array.array('i', [client]))])
                    e.register(client, select.EPOLLIN)
                else:
                    try: text = os.read(fd, 100)
                    except OSError: text = b''
                    if text: os.write(fd, b'%d %s' % (os.getpid(), text))
                    else: e.unregister(fd); os.close(fd)
        """;

    [Test]
    public async Task At_its_limit_of_open_files_the_angel_says_so_refuses_the_next_and_lives()
    {
        const int Clients = 2000, Survivors = 900;
        RequirePython();
        int port = FreePort();
        AngelProcess angel = Limited("-n 1024", string.Create(CultureInfo.InvariantCulture, $"--listen tcp4://127.0.0.1:{port}"), "python3", "-u", "-c", LineServer);
        int first = int.Parse((await angel.LineAsync(@"^serving (\d+)")).Groups[1].Value, CultureInfo.InvariantCulture);
        await angel.LineAsync("can hold \\d+ descriptors for the server, fewer than --store-limit");
        List<Socket> clients = [];
        try
        {
            for (int i = 0; i < Clients; i++)
            {
                Socket client = new(AddressFamily.InterNetwork, SocketType.Stream, ProtocolType.Tcp) { NoDelay = true };
                clients.Add(client);
                await client.ConnectAsync(IPAddress.Loopback, port).WaitAsync(AngelProcess.Limit); // those that are not accepted wait in the backlog
                if (i < Survivors)
                    Assert.That(await AskAsync(client), Is.EqualTo(first));
            }

            string full = (await angel.LineAsync("The store is full.*")).Value;
            Assert.That(full, Does.Contain("the angel may have 1024 open files in all").And.Contain("LimitNOFILE="));
            JsonElement status = await angel.StatusAsync();
            Assert.That(status.GetProperty("fdsHeld").GetInt32(), Is.GreaterThanOrEqualTo(Survivors).And.LessThan(1024));
            await TestContext.Out.WriteLineAsync(string.Create(CultureInfo.InvariantCulture, $"Of {Clients} clients {status.GetProperty("fdsHeld").GetInt32()} are held."));
            int since = angel.Now;
            _ = TestLibc.Kill(first, 9);
            int second = int.Parse((await angel.LineAsync(@"^serving (\d+)", since)).Groups[1].Value, CultureInfo.InvariantCulture);
            foreach (Socket client in clients.Take(Survivors))
                Assert.That(await AskAsync(client), Is.EqualTo(second));
            for (int i = 0; i < 30; i++)
                Assert.That((await angel.StatusAsync()).GetProperty("state").GetString(), Is.EqualTo("Ready"));
            // More at once than there is room for: some are told to come again.
            JsonElement[] answers = await Task.WhenAll(Enumerable.Range(0, 50).Select(_ => angel.StatusAsync()));
            Assert.That(answers.Where(a => !a.TryGetProperty("state", out JsonElement _)).Select(a => a.GetProperty("message").GetString()), Has.All.Contains("Try again"));
            // The angel's own reboot finds room too, and drops nobody.
            int held = (await angel.StatusAsync()).GetProperty("fdsHeld").GetInt32();
            angel.Send(12);
            await angel.LineAsync($"has rebooted itself; it holds {held} descriptors");
            foreach (Socket client in clients.Take(Survivors))
                Assert.That(await AskAsync(client), Is.EqualTo(second));
            Assert.That((await angel.StatusAsync()).GetProperty("restarts").GetInt32(), Is.EqualTo(1));
        }
        finally
        {
            clients.ForEach(c => c.Dispose());
        }
    }

    [Test]
    public async Task Fifty_thousand_descriptors_come_back()
    {
        int count = await CanRaiseAsync(60_000) ? 50_000 : await HardLimitAsync() - 1000;
        if (count < 50_000)
            await TestContext.Out.WriteLineAsync($"The limit of open files cannot be raised here, so only {count} descriptors are stored.");
        AngelProcess angel = Limited($"-n {count + 1000}", "--store-limit 100000 --start-timeout 60", "dotnet", ChildAssembly,
            "first " + InRoot("once"), $"store-many {count} session-number-", "then", "say READY=1;X_SEAMLESSREBOOT=1;X_SEAMLESSREBOOT_NAMES=1", "commands " + Root);
        FakeChild first = await angel.ChildAsync();
        await first.HeardAsync();
        Assert.That((await angel.StatusAsync()).GetProperty("fdsHeld").GetInt32(), Is.EqualTo(count));
        int since = angel.Now;
        long killed = Stopwatch.GetTimestamp();
        await first.EndByAsync("die 9");
        FakeChild second = await angel.ChildAsync(since);
        await TestContext.Out.WriteLineAsync($"{count} descriptors are back after {Stopwatch.GetElapsedTime(killed).TotalMilliseconds:0} ms.");
        Assert.That(await second.DoAsync("named"), Is.EqualTo($"{count + 1} {count + 1} {(count + 99) / 100}"));
        int named = (await second.DoAsync("variable LISTEN_FDNAMES")).Split(':').Length;
        Assert.That(await second.DoAsync("variable LISTEN_FDS"), Is.EqualTo(named.ToString(CultureInfo.InvariantCulture)), "a program that knows nothing of the file finds a name for each");
    }

    [Test]
    public async Task Clients_that_a_foreign_server_cannot_know_are_closed_with_the_reason()
    {
        const int Clients = 600, Survivors = 500;
        RequirePython();
        int port = FreePort();
        AngelProcess angel = StartCommand(string.Create(CultureInfo.InvariantCulture, $"--listen tcp4://127.0.0.1:{port}"), ["python3", "-u", "-c", LineServer],
            ("LONG", new string('x', 240)));
        await angel.LineAsync(@"^serving (\d+)");
        List<Socket> clients = [];
        try
        {
            for (int i = 0; i < Clients; i++)
            {
                clients.Add(new Socket(AddressFamily.InterNetwork, SocketType.Stream, ProtocolType.Tcp) { NoDelay = true });
                await clients[i].ConnectAsync(IPAddress.Loopback, port).WaitAsync(AngelProcess.Limit);
                await AskAsync(clients[i]);
            }

            JsonElement status = await angel.StatusAsync(s => s.GetProperty("fdsHeld").GetInt32() == Clients);
            int since = angel.Now;
            _ = TestLibc.Kill(status.GetProperty("childPid").GetInt32(), 9);
            int second = int.Parse((await angel.LineAsync(@"^serving (\d+)", since)).Groups[1].Value, CultureInfo.InvariantCulture);
            string closed = (await angel.LineAsync(@"(\d+) stored connections were closed.*", since)).Value;
            Assert.That(closed, Does.Contain("LISTEN_FDNAMES").And.Contain("shorter names"));
            foreach (Socket client in clients.Take(Survivors))
                Assert.That(await AskAsync(client), Is.EqualTo(second));
            Assert.That(await clients[^1].ReceiveAsync(new byte[10]).WaitAsync(AngelProcess.Limit), Is.Zero, "closed, not mute for ever");
            int held = (await angel.StatusAsync()).GetProperty("fdsHeld").GetInt32();
            Assert.That(closed, Does.Contain(string.Create(CultureInfo.InvariantCulture, $"{Clients - held} stored connections")));
        }
        finally
        {
            clients.ForEach(c => c.Dispose());
        }
    }

    [Test]
    public async Task The_server_gets_the_soft_limit_of_the_starter_back([Values("", "--watchdog 600")] string options)
    {
        AngelProcess angel = Launch("sh", ["-c", "ulimit -S -n 512; \"$@\"; exit $?", "sh", "dotnet", AngelAssembly, "run", "--runtime-dir", InRoot("run"),
            .. options.Split(' ', StringSplitOptions.RemoveEmptyEntries), "--", "sh", "-c", "echo \"limit $(ulimit -S -n)\"; exec sleep 600"]);
        await angel.LineAsync("^limit 512$");
        int pid = (await angel.StatusAsync()).GetProperty("angelPid").GetInt32();
        Assert.That(await File.ReadAllTextAsync($"/proc/{pid}/limits"), Does.Match(@"Max open files +(\d+) +\1 "), "the angel itself has all of it");
    }

    [Test]
    public async Task Descriptors_that_the_kernel_cannot_hand_over_are_told_and_take_no_room()
    {
        AngelProcess angel = Start("", "store-file s1 hello", "ready");
        FakeChild child = await angel.ChildAsync();
        await child.HeardAsync();
        HashSet<int> open = [.. Directory.GetFiles($"/proc/{angel.Pid}/fd").Select(f => int.Parse(Path.GetFileName(f), CultureInfo.InvariantCulture))];
        TestLibc.SetOpenFiles(angel.Pid, (ulong)Enumerable.Range(0, 20_000).Where(fd => !open.Contains(fd)).ElementAt(100)); // room for 100 more
        await child.DoAsync("store-at-once 200");
        await angel.LineAsync("The store is full: it holds 1 descriptors, and the angel may have \\d+ open files in all");
        Assert.That((await angel.StatusAsync()).GetProperty("fdsHeld").GetInt32(), Is.EqualTo(1));
        int since = angel.Now;
        await child.EndByAsync("die 9");
        Assert.That(await (await angel.ChildAsync(since)).DoAsync("contents"), Is.EqualTo("s1=hello"));
    }

    private AngelProcess Limited(string limit, string options, params string[] command) => Launch("sh",
        ["-c", $"ulimit {limit} && exec \"$@\"", "sh", "dotnet", AngelAssembly, "run", "--runtime-dir", InRoot("run"), .. options.Split(' '), "--", .. command]);

    private static async Task<int> AskAsync(Socket client)
    {
        byte[] answer = new byte[100];
        await client.SendAsync(Encoding.ASCII.GetBytes("hello\n")).WaitAsync(AngelProcess.Limit);
        int length = await client.ReceiveAsync(answer).WaitAsync(AngelProcess.Limit);
        return int.Parse(Encoding.ASCII.GetString(answer, 0, length).Split(' ')[0], CultureInfo.InvariantCulture);
    }

    private static async Task<bool> CanRaiseAsync(int limit) => (await ShellAsync(string.Create(CultureInfo.InvariantCulture, $"ulimit -n {limit} 2>/dev/null && echo yes"))).Contains("yes", StringComparison.Ordinal);

    private static async Task<int> HardLimitAsync() => int.Parse(await ShellAsync("ulimit -H -n"), CultureInfo.InvariantCulture);

    private static async Task<string> ShellAsync(string command)
    {
        using Process shell = Process.Start(new ProcessStartInfo("sh", ["-c", command]) { RedirectStandardOutput = true })!;
        string output = await shell.StandardOutput.ReadToEndAsync().WaitAsync(AngelProcess.Limit);
        await shell.WaitForExitAsync().WaitAsync(AngelProcess.Limit);
        return output.Trim();
    }
}

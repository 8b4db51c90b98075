using System.Globalization;
using System.Net;
using System.Net.Sockets;
using System.Text.Json;

namespace SeamlessReboot.Angel.Tests.Live;

/// <summary>SIGHUP and "reboot": a seamless server does it itself, a plain one is replaced.</summary>
internal sealed class RolloverTests : LiveTest
{
    [Test]
    public async Task A_seamless_server_is_asked_by_its_own_signal_and_keeps_its_number()
    {
        AngelProcess angel = Start("", "seamless 4");
        FakeChild child = await angel.ChildAsync();
        Task<JsonElement> answer = angel.AskAsync("reboot");
        await angel.LineAsync("^fake signal 1");
        Assert.That(answer.IsCompleted, Is.False);
        await child.DoAsync("say READY=1;X_SEAMLESSREBOOT=1;X_SEAMLESSREBOOT_GENERATION=5;X_SEAMLESSREBOOT_REBOOT_SIGNAL=1");
        Assert.That((await answer).GetProperty("ok").GetBoolean());
        JsonElement status = await angel.StatusAsync();
        Assert.That(status.GetProperty("generation").GetInt32(), Is.EqualTo(5));
        Assert.That(status.GetProperty("childPid").GetInt32(), Is.EqualTo(child.Pid));
        Assert.That(status.GetProperty("restarts").GetInt32(), Is.Zero);
    }

    [Test]
    public async Task A_seamless_server_is_asked_for_a_checkpoint()
    {
        AngelProcess angel = Start("", "seamless 0");
        await angel.ChildAsync();
        JsonElement answer = await angel.AskAsync("checkpoint");
        Assert.That(answer.GetProperty("ok").GetBoolean());
        Assert.That(answer.GetProperty("message").GetString(), Is.EqualTo("The checkpoint is written. All is written."), "It is answered when it is done.");
        await angel.LineAsync("^fake signal 10");
    }

    [Test]
    public async Task A_plain_program_is_replaced_when_the_next_one_is_ready()
    {
        AngelProcess angel = Start("", "exit-on 15", "store-file s1 hello", "ready");
        FakeChild first = await angel.ChildAsync();
        await first.HeardAsync();
        int since = angel.Now;
        angel.Send(1);
        await angel.LineAsync("^fake signal 15", since);
        FakeChild second = await angel.ChildAsync(since);
        await angel.LineAsync($"PID {first.Pid}, is gone: it ended with exit code 0", since);
        Assert.That(await second.DoAsync("contents"), Is.EqualTo("s1=hello"));
        Assert.That((await angel.StatusAsync()).GetProperty("childPid").GetInt32(), Is.EqualTo(second.Pid));
    }

    [Test]
    public async Task The_old_one_stays_when_the_next_one_dies()
    {
        AngelProcess angel = Start("", "first " + InRoot("once"), "ready", "commands " + Root, "then", "stderr no licence", "exit 5");
        FakeChild first = await angel.ChildAsync();
        JsonElement answer = await angel.AskAsync("reboot");
        Assert.That(answer.GetProperty("ok").GetBoolean(), Is.False);
        Assert.That(answer.GetProperty("message").GetString(), Does.Contain("exit code 5"));
        await angel.LineAsync("    no licence");
        Assert.That(await first.DoAsync("ping"), Is.EqualTo($"pong {first.Pid}"));
        Assert.That((await angel.StatusAsync()).GetProperty("state").GetString(), Is.EqualTo("Ready"));
    }

    [Test]
    public async Task An_old_one_that_ignores_SIGTERM_is_killed()
    {
        AngelProcess angel = Start("--stop-timeout 0.5", "ignore 15", "ready");
        FakeChild first = await angel.ChildAsync();
        Assert.That((await angel.AskAsync("reboot")).GetProperty("ok").GetBoolean());
        await angel.LineAsync($"PID {first.Pid}, is gone: it was killed by SIGKILL");
    }

    [Test]
    public async Task No_connect_is_refused_in_twenty_rollovers_of_a_plain_python_server()
    {
        RequirePython();
        int port = FreePort();
        string server = InRoot("server.py");
        await File.WriteAllTextAsync(server, """
            import os, signal, socket, sys, threading
            listener = socket.socket(fileno=int(os.environ['EINHORN_FDS'].split()[0]))
            stopping = threading.Event()
            signal.signal(signal.SIGTERM, lambda *_: stopping.set())
            listener.settimeout(0.05)
            while not stopping.is_set():
                try: client, _ = listener.accept()
                except socket.timeout: continue
                client.settimeout(5)
                client.sendall(b'%d\n' % os.getpid())
                client.close()
            """);
        AngelProcess angel = StartCommand(string.Create(CultureInfo.InvariantCulture, $"--listen tcp4://127.0.0.1:{port} --start-delay 0.3 --notify no"), ["python3", server]);
        await angel.LineAsync("The server is ready");
        using CancellationTokenSource enough = new();
        Task<int> clients = ConnectAsync(port, enough.Token);
        HashSet<int> pids = [];
        for (int i = 0; i < 20; i++)
        {
            Assert.That((await angel.AskAsync("reboot")).GetProperty("ok").GetBoolean());
            pids.Add((await angel.StatusAsync()).GetProperty("childPid").GetInt32());
        }

        await enough.CancelAsync();
        int count = await clients;
        Assert.That(pids, Has.Count.EqualTo(20));
        Assert.That(count, Is.GreaterThan(100));
        await TestContext.Out.WriteLineAsync($"{count} clients were served.");
    }

    // A hundred a second, each of which has to be answered.
    private static async Task<int> ConnectAsync(int port, CancellationToken enough)
    {
        List<Task> all = [];
        using PeriodicTimer timer = new(TimeSpan.FromMilliseconds(10));
        while (!enough.IsCancellationRequested)
        {
            await timer.WaitForNextTickAsync(CancellationToken.None);
            all.Add(AskAsync(port));
        }

        await Task.WhenAll(all);
        return all.Count;
    }

    private static async Task AskAsync(int port)
    {
        using TcpClient client = new();
        await client.ConnectAsync(IPAddress.Loopback, port).WaitAsync(AngelProcess.Limit);
        using StreamReader reader = new(client.GetStream());
        Assert.That(await reader.ReadLineAsync().WaitAsync(AngelProcess.Limit), Is.Not.Null.And.Not.Empty);
    }
}

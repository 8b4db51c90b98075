using System.Text.Json;

namespace SeamlessReboot.Angel.Tests.Live;

/// <summary>A child from its start to its end, whatever end that is.</summary>
internal sealed class LifeTests : LiveTest
{
    [Test]
    public async Task A_child_gets_its_own_process_group_and_the_notify_socket()
    {
        AngelProcess angel = Start("", "ready");
        FakeChild child = await angel.ChildAsync();
        Assert.That(await child.DoAsync("mine"), Is.EqualTo("listen=none watchdog=none group=True"));
        Assert.That(await child.DoAsync("variable NOTIFY_SOCKET"), Is.EqualTo(InRoot("run/notify")));
        Assert.That(int.Parse(await child.DoAsync("variable FDSTORE"), provider: null), Is.InRange(1, 20_000), "fewer where the limit of open files is lower");
        Assert.That((await angel.StatusAsync()).GetProperty("childPid").GetInt32(), Is.EqualTo(child.Pid));
    }

    [Test]
    public async Task With_a_watchdog_it_is_told_so_by_its_own_number()
    {
        AngelProcess angel = Start("--watchdog 5", "ready", "heartbeat 100");
        FakeChild child = await angel.ChildAsync();
        Assert.That(await child.DoAsync("mine"), Is.EqualTo("listen=none watchdog=me group=True"));
        Assert.That(await child.DoAsync("variable WATCHDOG_USEC"), Is.EqualTo("5000000"));
    }

    [Test]
    public async Task Variables_that_no_shell_knows_come_through()
    {
        AngelProcess angel = StartCommand("--watchdog 60", ["dotnet", ChildAssembly, "ready", "commands " + Root], ("ASPNETCORE.URLS", "http://x"), ("a-b", "c d"));
        FakeChild child = await angel.ChildAsync();
        Assert.That(await child.DoAsync("variable ASPNETCORE.URLS"), Is.EqualTo("http://x"));
        Assert.That(await child.DoAsync("variable a-b"), Is.EqualTo("c d"));
        Assert.That(await child.DoAsync("mine"), Does.Contain("watchdog=me"));
    }

    [Test]
    public async Task What_was_meant_for_the_angel_is_not_passed_on()
    {
        AngelProcess angel = StartCommand("", ["dotnet", ChildAssembly, "ready", "commands " + Root],
            ("LISTEN_FDS", "3"), ("LISTEN_PID", "1"), ("LISTEN_FDNAMES", "a:b:c"), ("WATCHDOG_USEC", "1"), ("WATCHDOG_PID", "1"), ("EINHORN_FDS", "9"));
        FakeChild child = await angel.ChildAsync();
        string environment = await child.DoAsync("environment");
        Assert.That(environment, Does.Contain("LISTEN_FDS=|LISTEN_FDNAMES=|").And.Contain("WATCHDOG_USEC=|EINHORN_FDS=|"));
        Assert.That(await child.DoAsync("mine"), Does.Contain("listen=none watchdog=none"));
    }

    [Test]
    public async Task Nothing_that_the_starter_or_the_angel_has_open_is_inherited()
    {
        AngelProcess angel = Launch("/bin/sh", ["-c", $"exec 7</dev/null 9</dev/zero; exec dotnet '{AngelAssembly}' run --runtime-dir {InRoot("run")} -- /bin/sh -c 'ls -l /proc/self/fd; echo end; sleep 100'"]);
        await angel.LineAsync("^end");
        Assert.That(angel.Lines, Has.None.Contains("/dev/zero").And.None.Contains("memfd").And.None.Contains("eventpoll").And.None.Contains("seamless-angel.dll"));
        angel.Send(15);
        Assert.That(await angel.ExitCodeAsync(), Is.EqualTo(143));
    }

    [TestCase(9, "SIGKILL")]
    [TestCase(11, "SIGSEGV")]
    public async Task A_killed_child_is_started_again_at_once(int signal, string name)
    {
        AngelProcess angel = Start("", "ready");
        FakeChild first = await angel.ChildAsync();
        int since = angel.Now;
        Assert.That(TestLibc.Kill(first.Pid, signal), Is.Zero);
        if (signal == 11)
            _ = TestLibc.Kill(first.Pid, 9); // the runtime swallows it when it comes from outside
        FakeChild second = await angel.ChildAsync(since);
        Assert.That(second.Pid, Is.Not.EqualTo(first.Pid));
        await angel.LineAsync("has died: it was killed by SIG(KILL|SEGV)", since);
        JsonElement status = await angel.StatusAsync();
        Assert.That(status.GetProperty("restarts").GetInt32(), Is.EqualTo(1), name);
        Assert.That(status.GetProperty("deathsOfLate").GetArrayLength(), Is.EqualTo(1));
    }

    [Test]
    public async Task An_unhandled_exception_is_quoted()
    {
        AngelProcess angel = Start("--death-limit 2", "ready", "throw alas poor Yorick");
        Assert.That(await angel.ExitCodeAsync(), Is.EqualTo(ExitCodes.GaveUp));
        Assert.That(angel.Lines, Has.Some.Contains("    Unhandled exception. System.InvalidOperationException: alas poor Yorick"));
        await angel.LineAsync("gives up");
    }

    [Test]
    public async Task All_that_a_dying_child_has_said_is_passed_on()
    {
        AngelProcess angel = Start("--restart never", "ready", "chatter 20000", "die 9");
        Assert.That(await angel.ExitCodeAsync(), Is.EqualTo(137));
        string[] said = [.. angel.Lines.Where(l => l.StartsWith("line 0", StringComparison.Ordinal)).Select(l => l[..11])];
        Assert.That(said, Has.Length.EqualTo(20_000));
        Assert.That(said[^1], Is.EqualTo("line 019999"));
    }

    [Test]
    public async Task A_standard_error_that_nobody_reads_does_not_stop_the_child()
    {
        AngelProcess angel = Launch("/bin/sh", ["-c", $"exec dotnet '{AngelAssembly}' run --runtime-dir {InRoot("run")} -- dotnet '{ChildAssembly}' ready 'chatter 150000' 'print through' 'commands {Root}' 2>{InRoot("fifo")}"]);
        // A FIFO that is opened for reading and never read from.
        await using FileStream fifo = await OpenFifoAsync(InRoot("fifo"));
        await angel.LineAsync("^fake through");
        JsonElement status = await angel.StatusAsync();
        Assert.That(status.GetProperty("lastWords").EnumerateArray().Last().GetString(), Does.StartWith("line 149999"));
    }

    [Test]
    public async Task Exit_0_after_readiness_ends_the_angel_with_0()
    {
        AngelProcess angel = Start("", "ready", "exit 0");
        Assert.That(await angel.ExitCodeAsync(), Is.Zero);
        Assert.That(Directory.GetFiles(InRoot("run")), Has.None.Contains("control").And.None.Contains("notify"));
    }

    [Test]
    public async Task Ready_and_gone_is_heard_in_that_order_however_quick_it_is()
    {
        RequirePython();
        for (int i = 0; i < 5; i++)
        {
            AngelProcess angel = StartCommand("", ["python3", "-c", "import os,socket\ns=socket.socket(socket.AF_UNIX,socket.SOCK_DGRAM)\ns.connect(os.environ['NOTIFY_SOCKET'])\ns.send(b'READY=1')"]);
            Assert.That(await angel.ExitCodeAsync(), Is.Zero);
        }
    }

    [Test]
    public async Task Exit_0_without_readiness_is_a_death()
    {
        AngelProcess angel = Start("--death-limit 2", "exit 0");
        Assert.That(await angel.ExitCodeAsync(), Is.EqualTo(ExitCodes.GaveUp));
    }

    [TestCase(15, 143)]
    [TestCase(2, 130)]
    [TestCase(3, 131)]
    public async Task A_signal_to_end_goes_to_the_child_and_its_status_comes_back(int signal, int code)
    {
        AngelProcess angel = StartCommand("--notify no --start-delay 0.1", ["/bin/sh", "-c", "echo up; while :; do read line; done"]);
        await angel.LineAsync("ready");
        angel.Send(signal);
        // A shell without a terminal dies of each of them.
        Assert.That(await angel.ExitCodeAsync(), Is.EqualTo(code));
    }

    [Test]
    public async Task A_child_that_ends_in_order_when_told_to_ends_the_angel_with_its_code()
    {
        AngelProcess angel = Start("", "exit-on 15", "ready");
        await angel.ChildAsync();
        JsonElement answer = await angel.AskAsync("stop");
        Assert.That(answer.GetProperty("ok").GetBoolean());
        Assert.That(await angel.ExitCodeAsync(), Is.Zero);
    }

    [Test]
    public async Task A_child_that_ignores_SIGTERM_is_killed_in_the_end()
    {
        AngelProcess angel = Start("--stop-timeout 0.5", "ignore 15", "ready");
        FakeChild child = await angel.ChildAsync();
        angel.Send(15);
        await angel.LineAsync("^fake signal 15");
        Assert.That(await angel.ExitCodeAsync(), Is.EqualTo(137));
        Assert.That(child.IsAlive, Is.False);
    }

    [Test]
    public async Task A_stopped_child_can_be_stopped_for_good()
    {
        AngelProcess angel = Start("", "ready");
        FakeChild child = await angel.ChildAsync();
        _ = TestLibc.Kill(child.Pid, 19);
        await angel.AskAsync("stop");
        Assert.That(await angel.ExitCodeAsync(), Is.EqualTo(143));
    }

    [Test]
    public async Task A_program_that_is_not_there_is_named()
    {
        AngelProcess angel = StartCommand("", ["/no/such/server"]);
        Assert.That(await angel.ExitCodeAsync(), Is.EqualTo(127));
        await angel.LineAsync("The program '/no/such/server' is not there");
        AngelProcess other = StartCommand("", ["no-such-server"]);
        Assert.That(await other.ExitCodeAsync(), Is.EqualTo(127));
        await other.LineAsync("is in no directory of PATH");
    }

    [Test]
    public async Task A_program_that_cannot_be_executed_is_named()
    {
        await File.WriteAllTextAsync(InRoot("server"), "#!/no/such/interpreter\n");
        AngelProcess angel = StartCommand("", ["./server"]);
        Assert.That(await angel.ExitCodeAsync(), Is.EqualTo(126));
        await angel.LineAsync("chmod \\+x");
        File.SetUnixFileMode(InRoot("server"), (UnixFileMode)0x1ED);
        AngelProcess other = StartCommand("", ["./server"]);
        Assert.That(await other.ExitCodeAsync(), Is.EqualTo(127));
        await other.LineAsync("/no/such/interpreter");
    }

    [Test]
    public async Task A_second_angel_in_the_same_directory_is_refused_and_the_first_does_not_notice()
    {
        AngelProcess first = Start("", "ready");
        FakeChild child = await first.ChildAsync();
        AngelProcess second = Start("", "ready");
        Assert.That(await second.ExitCodeAsync(), Is.EqualTo(ExitCodes.AlreadyRunning));
        await child.HeardAsync();
        Assert.That((await first.StatusAsync()).GetProperty("state").GetString(), Is.EqualTo("Ready"));
    }

    private static async Task<FileStream> OpenFifoAsync(string path)
    {
        using System.Diagnostics.Process make = System.Diagnostics.Process.Start("mkfifo", path);
        await make.WaitForExitAsync();
        return new FileStream(path, FileMode.Open, FileAccess.ReadWrite, FileShare.ReadWrite, bufferSize: 0);
    }
}

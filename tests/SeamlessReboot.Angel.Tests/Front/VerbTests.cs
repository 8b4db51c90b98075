using System.Globalization;
using System.Text.Json;
using Mono.Unix.Native;
using SeamlessReboot.Angel.Daemon;
using SeamlessReboot.Angel.Descriptors;
using SeamlessReboot.Angel.Discovery;
using SeamlessReboot.Posix;

namespace SeamlessReboot.Angel.Tests.Front;

/// <summary>What is said to an angel that runs, with the real program.</summary>
[FixtureLifeCycle(LifeCycle.InstancePerTestCase)]
[Parallelizable(ParallelScope.All)]
internal sealed class VerbTests : DaemonTest
{
    [Test]
    public async Task Status_says_how_things_are()
    {
        await StartAsync("echo 'the moon is up' >&2; " + Sleeps, "--start-delay", "200ms", "--listen", "tcp://127.0.0.1:0");
        CommandResult status = await AskAsync("status");
        Assert.That(status.ExitCode, Is.Zero, status.Errors);
        Assert.That(status.Output, Does.StartWith(string.Create(CultureInfo.InvariantCulture, $"rt: ready, server {Server()}, angel {AngelPid}"))
            .And.Contain("the moon is up").And.Contain("tcp://127.0.0.1:").And.Contain("sh -c"));
    }

    [Test]
    public async Task Status_can_be_read_by_programs()
    {
        await StartAsync(Sleeps, "--start-delay", "200ms");
        CommandResult status = await AskAsync("status", "--json");
        using JsonDocument document = JsonDocument.Parse(status.Output);
        Assert.That(document.RootElement.GetProperty("angelPid").GetInt32(), Is.EqualTo(AngelPid));
        Assert.That(document.RootElement.GetProperty("childPid").GetInt32(), Is.EqualTo(Server()));
    }

    [Test]
    public async Task Status_of_an_angel_whose_server_is_gone_is_not_running()
    {
        await StartAsync("test -e dead && exit 9; trap 'touch dead; exit 9' USR1; while :; do sleep 0.05; done", "--start-delay", "200ms", "--backoff", "100s",
            "--backoff-limit", "200s");
        await AskAsync("kill", "USR1");
        CommandResult? status = null;
        await RunningProcess.UntilAsync(() => (status = AskAsync("status").Result).Output.Contains("waiting", StringComparison.Ordinal), "it waits");
        Assert.That(status!.ExitCode, Is.EqualTo(ExitCodes.NotRunningStatus));
        Assert.That(status.Output, Does.Contain("no server at the moment"));
        Assert.That((await AskAsync("stop")).ExitCode, Is.Zero);
    }

    [Test]
    public async Task Status_of_an_angel_that_does_not_answer_is_unknown()
    {
        await StartAsync(Sleeps, "--start-delay", "200ms");
        RunningProcess.Signal(AngelPid, Signum.SIGSTOP);
        CommandResult status = await AskAsync("status", "--timeout", "300ms");
        Assert.That(status.ExitCode, Is.EqualTo(ExitCodes.UnknownStatus));
        Assert.That(status.Errors, Does.Contain("within 300ms"));
    }

    [Test]
    public async Task Stop_ends_the_server_and_the_angel()
    {
        await StartAsync(Sleeps, "--start-delay", "200ms");
        CommandResult stopped = await AskAsync("stop");
        Assert.That(stopped.ExitCode, Is.Zero, stopped.Errors);
        Assert.That(RunningProcess.Of(Temporary), Is.Empty);
        CommandResult status = await AskAsync("status");
        Assert.That((status.ExitCode, status.Output), Is.EqualTo((ExitCodes.NotRunningStatus, "rt: not running\n")));
        Assert.That((await AskAsync("stop")).ExitCode, Is.Zero, "What does not run need not be stopped.");
        Assert.That((await AskAsync("reboot")).ExitCode, Is.EqualTo(ExitCodes.NotRunning));
    }

    [Test]
    public async Task Stop_kills_a_server_that_does_not_listen()
    {
        await StartAsync("trap '' TERM; while :; do sleep 0.1; done", "--start-delay", "200ms", "--stop-timeout", "500ms");
        Assert.That((await AskAsync("stop")).ExitCode, Is.Zero);
        Assert.That(RunningProcess.Of(Temporary), Is.Empty);
    }

    [Test]
    public async Task A_signal_goes_to_the_server()
    {
        await StartAsync("trap 'echo heard > heard' USR2; while :; do sleep 0.05; done", "--start-delay", "200ms");
        CommandResult sent = await AskAsync("kill", "sigusr2");
        Assert.That(sent.ExitCode, Is.Zero, sent.Errors);
        Assert.That(sent.Output, Does.Contain("SIGUSR2"));
        await RunningProcess.UntilAsync(() => File.Exists(Temporary["heard"]), "the server has heard it");
    }

    [Test]
    public async Task Reboot_rolls_a_plain_program_over_and_returns_when_the_next_is_ready()
    {
        await StartAsync(Sleeps, "--start-delay", "200ms");
        int before = Server();
        CommandResult rebooted = await AskAsync("reboot");
        Assert.That(rebooted.ExitCode, Is.Zero, rebooted.Errors);
        await RunningProcess.UntilAsync(() => TryServer() is int now && now != 0 && now != before, "another server runs");
    }

    [Test]
    public async Task What_a_server_cannot_do_is_refused_with_the_reason()
    {
        await StartAsync(Sleeps, "--start-delay", "200ms");
        CommandResult refused = await AskAsync("checkpoint");
        Assert.That(refused.ExitCode, Is.EqualTo(ExitCodes.Refused));
        Assert.That(refused.Errors, Does.Contain("not seamless"));
    }

    [Test]
    public async Task The_only_angel_need_not_be_named_and_the_status_is_that_of_all()
    {
        if (Directory.Exists("/run") && AngelFinder.All().Any(a => a.Runs))
            Assert.Ignore("Angels of others run here.");
        Assert.That((await AngelCommand.RunAsync(Temporary, "status")).ExitCode, Is.EqualTo(ExitCodes.NotRunningStatus));
        string[] first = ["run", "--daemon", "--name", "first", "--start-delay", "200ms", "sleep", "600"];
        Assert.That((await AngelCommand.RunAsync(Temporary, first)).ExitCode, Is.Zero);
        Assert.That((await AngelCommand.RunAsync(Temporary, "status")).Output, Does.StartWith("first: ready"));
        Assert.That((await AngelCommand.RunAsync(Temporary, "run", "--daemon", "--start-delay", "200ms", "sleep", "600")).ExitCode, Is.Zero);
        CommandResult all = await AngelCommand.RunAsync(Temporary, "status");
        Assert.That(all.ExitCode, Is.Zero, all.Errors);
        Assert.That(all.Output, Does.Contain("first: ready").And.Contain("sleep: ready"));
        Assert.That((await AngelCommand.RunAsync(Temporary, "status", "--json")).Output.TrimEnd().Split('\n'), Has.Length.EqualTo(2));
        CommandResult which = await AngelCommand.RunAsync(Temporary, "reboot");
        Assert.That(which.ExitCode, Is.EqualTo(ExitCodes.Usage));
        Assert.That(which.Errors, Does.Contain("2 angels run").And.Contain("first").And.Contain("sleep"));
        Assert.That((await AngelCommand.RunAsync(Temporary, "status", "--name", "sleep")).Output, Does.StartWith("sleep: ready"));
        Assert.That((await AngelCommand.RunAsync(Temporary, "status", "--name", "third")).ExitCode, Is.EqualTo(ExitCodes.NotRunningStatus));
    }

    [Test]
    public async Task The_angels_own_reboot_keeps_its_locks_sockets_and_log()
    {
        string[] user = DirectoryHandle.CurrentUser() == 0 && User.Find("nobody") is not null ? ["--user", "nobody"] : [];
        File.SetUnixFileMode(Temporary.Path, (UnixFileMode)0x3FF);
        await StartAsync(Sleeps, ["--start-delay", "200ms", "--pid-file", "server.pid", "--listen", $"unix://{Temporary["s"]}", .. user]);
        int angel = AngelPid, server = Server();
        RunningProcess.Signal(angel, Signum.SIGUSR2);
        await RunningProcess.UntilAsync(() => File.ReadAllText(Temporary["rt/angel.log"]).Contains("has rebooted itself", StringComparison.Ordinal), "it has rebooted itself");
        CommandResult status = await AskAsync("status");
        Assert.That(status.Output, Does.StartWith(string.Create(CultureInfo.InvariantCulture, $"rt: ready, server {server}, angel {angel}")), status.Errors);
        Assert.That(PidFile.Inspect(Temporary["server.pid"]), Is.EqualTo(new PidFileState(true, true, angel, true)));
        Assert.That(PidFile.Inspect(Temporary["rt/angel.pid"]), Is.EqualTo(new PidFileState(true, true, angel, true)));
        Assert.That(UnixListener.IsAlive(Temporary["s"]), Is.True);
        Assert.That(RunningProcess.Descriptors(server).Keys.Where(fd => fd > 3), Is.Empty);
        Assert.That((await AskAsync("stop")).ExitCode, Is.Zero);
        Assert.That(RunningProcess.Of(Temporary), Is.Empty);
        Assert.That(File.Exists(Temporary["rt/angel.pid"]), Is.False);
    }

    [Test]
    public async Task Programs_for_socketmaster_find_their_socket()
    {
        await StartAsync("echo \"$EINHORN_FDS $EINHORN_FD_COUNT $EINHORN_FD_FAMILY_1 $LISTEN_FDNAMES\" > told; " + Sleeps, "--start-delay", "200ms",
            "--listen", "tcp4://127.0.0.1:0#web", "--listen", $"unix://{Temporary["s"]}");
        await RunningProcess.UntilAsync(() => File.Exists(Temporary["told"]) && new FileInfo(Temporary["told"]).Length > 0, "the server has told");
        Assert.That(File.ReadAllText(Temporary["told"]), Is.EqualTo("3 4 2 AF_UNIX web:unix-s\n"));
        Assert.That(RunningProcess.Descriptors(Server()).Keys.Where(fd => fd > 2), Is.EquivalentTo(new[] { 3, 4 }));
    }

    [Test]
    public async Task A_servers_exit_code_is_passed_on()
    {
        CommandResult ended = await AngelCommand.RunAsync(Temporary, "run", "--runtime-dir", RuntimeDirectory, "--restart", "never", "sh", "-c", "exit 42");
        Assert.That(ended.ExitCode, Is.EqualTo(42));
        CommandResult killed = await AngelCommand.RunAsync(Temporary, "run", "--runtime-dir", RuntimeDirectory, "--restart", "never", "sh", "-c", "kill -9 $$");
        Assert.That(killed.ExitCode, Is.EqualTo(ExitCodes.Killed(9)));
        CommandResult missing = await AngelCommand.RunAsync(Temporary, "run", "--runtime-dir", RuntimeDirectory, "no-such-program");
        Assert.That(missing.ExitCode, Is.EqualTo(ExitCodes.NotFound));
    }

    [Test]
    public async Task A_spool_is_shown()
    {
        CommandResult empty = await AngelCommand.RunAsync(Temporary, "spool", ".");
        Assert.That((empty.ExitCode, empty.Output), Is.EqualTo((0, $"{Temporary.Path} holds no spool.\n")));
        CommandResult missing = await AngelCommand.RunAsync(Temporary, "spool", "none");
        Assert.That(missing.ExitCode, Is.EqualTo(ExitCodes.Refused));
        Assert.That(missing.Errors, Does.Contain("cannot be read"));
    }

    [Test]
    public async Task A_command_line_that_is_wrong_is_refused()
    {
        CommandResult refused = await AngelCommand.RunAsync(Temporary, "run", "--watchdog", "soon", "sleep", "1");
        Assert.That(refused.ExitCode, Is.EqualTo(ExitCodes.Usage));
        Assert.That(refused.Errors, Does.Contain("--watchdog 'soon'").And.Contain("500ms").And.Contain("run --help"));
        Assert.That((await AngelCommand.RunAsync(Temporary, "kill", "TREM")).ExitCode, Is.EqualTo(ExitCodes.Usage));
        CommandResult unknown = await AngelCommand.RunAsync(Temporary, "stauts", "--name", "x");
        Assert.That(unknown.ExitCode, Is.EqualTo(ExitCodes.Usage));
        Assert.That(unknown.Errors, Does.Contain("'stauts' is not a verb. Did you mean \"seamless-angel status\"?"));
        CommandResult who = await AngelCommand.RunAsync(Temporary, "run", "--require-user", "no-such-user", "sleep", "1");
        Assert.That(who.ExitCode, Is.EqualTo(ExitCodes.Usage));
        Assert.That(who.Errors, Does.Contain("no user 'no-such-user'"));
    }
}

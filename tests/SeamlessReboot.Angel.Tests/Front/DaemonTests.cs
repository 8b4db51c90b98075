using System.Diagnostics;
using System.Globalization;
using Mono.Unix.Native;
using SeamlessReboot.Angel.Daemon;
using SeamlessReboot.Posix;

namespace SeamlessReboot.Angel.Tests.Front;

/// <summary>"run --daemon" with the real program. A server is a shell that sleeps.</summary>
[FixtureLifeCycle(LifeCycle.InstancePerTestCase)]
[Parallelizable(ParallelScope.All)]
internal sealed class DaemonTests : DaemonTest
{
    [Test]
    public async Task It_returns_when_the_server_is_ready()
    {
        CommandResult started = await StartAsync(Sleeps, "--start-delay", "200ms");
        Assert.That(started.ExitCode, Is.Zero, started.Errors);
        Assert.That(started.Errors, Is.Empty);
        int angel = AngelPid;
        Assert.Multiple(() =>
        {
            Assert.That(RunningProcess.Field(angel, 6), Is.EqualTo(angel), "It leads a session of its own.");
            Assert.That(RunningProcess.Field(angel, 7), Is.Zero, "It has no terminal.");
            Dictionary<int, string> open = RunningProcess.Descriptors(angel);
            Assert.That(open[0], Is.EqualTo("/dev/null"));
            Assert.That(open[1], Is.EqualTo(Temporary["rt/angel.log"]));
            Assert.That(open[2], Is.EqualTo(Temporary["rt/angel.log"]));
            int server = Server();
            Assert.That(RunningProcess.Descriptors(server).Keys.Where(fd => fd > 2), Is.Empty, "The server has nothing of the angel's.");
            Assert.That(RunningProcess.Variables(server).Keys, Has.None.StartsWith("SEAMLESS_ANGEL"));
        });
    }

    [Test]
    public async Task It_ends_with_everything_when_it_is_told_to()
    {
        await StartAsync(Sleeps, "--start-delay", "200ms", "--pid-file", Temporary["server.pid"]);
        Assert.That(PidFile.Inspect(Temporary["server.pid"]), Is.EqualTo(new PidFileState(true, true, AngelPid, true)));
        RunningProcess.Signal(AngelPid, Signum.SIGTERM);
        await RunningProcess.UntilAsync(() => RunningProcess.Of(Temporary).Count == 0, "all have ended");
        Assert.That(File.Exists(Temporary["server.pid"]), Is.False);
        Assert.That(File.Exists(Temporary["rt/angel.pid"]), Is.False);
    }

    [Test]
    public async Task A_server_that_fails_is_heard_and_nothing_is_left()
    {
        CommandResult started = await StartAsync("sleep 600 & echo 'cannot open the moon' >&2; exit 37", "--start-delay", "20s");
        Assert.That(started.ExitCode, Is.EqualTo(37));
        Assert.That(started.Errors, Does.Contain("cannot open the moon"));
        Assert.That(RunningProcess.Of(Temporary), Is.Empty);
    }

    [Test]
    public async Task A_server_that_ends_with_0_before_it_is_ready_has_failed([Values("never", "on-failure", "always")] string restart)
    {
        CommandResult started = await StartAsync("exit 0", "--start-delay", "20s", "--restart", restart);
        Assert.That(started.ExitCode, Is.EqualTo(ExitCodes.NotReady));
        Assert.That(RunningProcess.Of(Temporary), Is.Empty);
    }

    [Test]
    public async Task A_server_that_is_not_ready_in_time_is_ended_with_everything()
    {
        CommandResult started = await StartAsync("sleep 600 & exec sleep 600", "--start-delay", "300s", "--start-timeout", "400s", "--timeout", "700ms");
        Assert.That(started.ExitCode, Is.EqualTo(ExitCodes.NotReady));
        Assert.That(started.Errors, Does.Contain("not ready within 700ms").And.Contain("angel.log"));
        Assert.That(RunningProcess.Of(Temporary), Is.Empty);
    }

    [Test]
    public async Task Interrupting_the_command_ends_everything()
    {
        await using AngelCommand command = AngelCommand.Start(Temporary, Arguments(Sleeps, "--start-delay", "300s", "--start-timeout", "400s"));
        await RunningProcess.UntilAsync(() => TryServer() > 0, "the server runs");
        RunningProcess.Signal(command.Pid, Signum.SIGINT);
        CommandResult ended = await command.EndAsync();
        Assert.That(ended.ExitCode, Is.Not.Zero);
        Assert.That(ended.Errors, Does.Contain("interrupted"));
        Assert.That(RunningProcess.Of(Temporary), Is.Empty);
    }

    [Test]
    public async Task An_angel_that_dies_at_the_start_is_told_of()
    {
        await using AngelCommand command = AngelCommand.Start(Temporary, Arguments(Sleeps, "--start-delay", "300s", "--start-timeout", "400s"));
        await RunningProcess.UntilAsync(() => TryServer() > 0, "the server runs");
        RunningProcess.Signal(AngelPid, Signum.SIGKILL);
        CommandResult ended = await command.EndAsync();
        Assert.That(ended.ExitCode, Is.EqualTo(ExitCodes.Killed(9)));
        Assert.That(ended.Errors, Does.Contain("the angel itself ended"));
        Assert.That(RunningProcess.Of(Temporary), Is.Empty);
    }

    [Test]
    public async Task A_line_in_a_log_can_mean_that_it_is_ready()
    {
        File.WriteAllText(Temporary["server.log"], "ready\n");
        CommandResult started = await StartAsync("sleep 0.3; echo 'now ready' >> server.log; " + Sleeps, "--look-for", "ready", "--in", "server.log");
        Assert.That(started.ExitCode, Is.Zero, started.Errors);
        Assert.That(File.ReadAllText(Temporary["server.log"]), Does.Contain("now ready"));
    }

    [Test]
    public async Task A_second_start_says_who_runs_already()
    {
        await StartAsync(Sleeps, "--start-delay", "200ms");
        string who = string.Create(CultureInfo.InvariantCulture, $"process {AngelPid} is already running");
        CommandResult second = await StartAsync(Sleeps, "--start-delay", "200ms");
        Assert.That(second.ExitCode, Is.EqualTo(ExitCodes.AlreadyRunning));
        Assert.That(second.Errors, Does.Contain(who));
        CommandResult inFront = await AngelCommand.RunAsync(Temporary, "run", "--runtime-dir", RuntimeDirectory, "--", "sh", "-c", Sleeps);
        Assert.That(inFront.ExitCode, Is.EqualTo(ExitCodes.AlreadyRunning));
        Assert.That(inFront.Errors, Does.Contain(who));
        Assert.That(PidFile.Inspect(Temporary["rt/angel.pid"]).Held, Is.True);
    }

    [Test]
    public async Task A_second_start_with_the_same_pid_file_says_who_runs_already()
    {
        await StartAsync(Sleeps, "--start-delay", "200ms", "--pid-file", "server.pid");
        CommandResult second = await AngelCommand.RunAsync(
            Temporary, "run", "--runtime-dir", Temporary["rt2"], "--pid-file", "server.pid", "--", "sh", "-c", Sleeps);
        Assert.That(second.ExitCode, Is.EqualTo(ExitCodes.AlreadyRunning));
        Assert.That(second.Errors, Does.Contain(string.Create(CultureInfo.InvariantCulture, $"process {AngelPid} is already running")).And.Contain("server.pid"));
    }

    [Test]
    public async Task After_an_angel_was_killed_status_says_so_and_the_next_start_takes_over()
    {
        await StartAsync(Sleeps, "--start-delay", "200ms");
        int killed = AngelPid;
        RunningProcess.Signal(killed, Signum.SIGKILL);
        await RunningProcess.UntilAsync(() => !PidFile.Inspect(Temporary["rt/angel.pid"]).Held, "the lock is free");
        CommandResult status = await AngelCommand.RunAsync(Temporary, "status", "--runtime-dir", RuntimeDirectory);
        Assert.That(status.ExitCode, Is.EqualTo(ExitCodes.DeadWithPidFile));
        Assert.That(status.Output, Does.Contain(string.Create(CultureInfo.InvariantCulture, $"the angel {killed} was killed")));
        CommandResult again = await StartAsync(Sleeps, "--start-delay", "200ms");
        Assert.That(again.ExitCode, Is.Zero, again.Errors);
        Assert.That(AngelPid, Is.Not.EqualTo(killed));
    }

    [Test]
    public async Task What_the_shell_had_open_does_not_reach_the_daemon()
    {
        ProcessStartInfo info = new("/bin/sh", ["-c", "exec dotnet \"$@\" 7>stray", "sh", Path.Combine(AppContext.BaseDirectory, "seamless-angel.dll"), .. Arguments(Sleeps, "--start-delay", "200ms")])
        {
            WorkingDirectory = Temporary.Path,
        };
        info.Environment["TMPDIR"] = Temporary.Path;
        using Process shell = Process.Start(info)!;
        await shell.WaitForExitAsync().WaitAsync(AngelCommand.Limit);
        Assert.That(shell.ExitCode, Is.Zero);
        Assert.That(RunningProcess.Descriptors(AngelPid).Values, Has.None.EqualTo(Temporary["stray"]));
        Assert.That(RunningProcess.Descriptors(Server()).Values, Has.None.EqualTo(Temporary["stray"]));
    }

    [Test]
    public async Task A_socket_that_cannot_be_opened_is_told_to_who_has_started_it()
    {
        CommandResult started = await StartAsync(Sleeps, "--listen", "unix:///no/such/directory/s");
        Assert.That(started.ExitCode, Is.EqualTo(ExitCodes.SystemTrouble));
        Assert.That(started.Errors, Does.Contain("unix:///no/such/directory/s"));
        Assert.That(RunningProcess.Of(Temporary), Is.Empty);
    }

    [Test]
    public async Task A_log_that_cannot_be_opened_is_told()
    {
        CommandResult started = await StartAsync(Sleeps, "--log-file", "none/a.log");
        Assert.That(started.ExitCode, Is.EqualTo(ExitCodes.SystemTrouble));
        Assert.That(started.Errors, Does.Contain("--log-file"));
    }

    [Test]
    public async Task Root_can_hand_it_all_to_a_user()
    {
        if (DirectoryHandle.CurrentUser() != 0 || User.Find("nobody") is not User nobody)
        {
            Assert.Ignore("Only root can become somebody else.");
            return;
        }

        File.SetUnixFileMode(Temporary.Path, (UnixFileMode)0x1ED);
        CommandResult started = await StartAsync(Sleeps, "--start-delay", "200ms", "--user", "nobody", "--pid-file", Temporary["server.pid"],
            "--log-file", Temporary["angel.log"]);
        Assert.That(started.ExitCode, Is.Zero, started.Errors);
        int angel = AngelPid, server = Server();
        Assert.Multiple(() =>
        {
            foreach (int pid in (int[])[angel, server])
            {
                string[] status = File.ReadAllLines(string.Create(CultureInfo.InvariantCulture, $"/proc/{pid}/status"));
                string id = nobody.Id.ToString(CultureInfo.InvariantCulture), group = nobody.Group.ToString(CultureInfo.InvariantCulture);
                Assert.That(status, Has.One.EqualTo($"Uid:\t{id}\t{id}\t{id}\t{id}"));
                Assert.That(status, Has.One.EqualTo($"Gid:\t{group}\t{group}\t{group}\t{group}"));
                Assert.That(status.First(l => l.StartsWith("Groups:", StringComparison.Ordinal))[7..].Trim(), Is.EqualTo(group));
            }

            Dictionary<string, string> variables = RunningProcess.Variables(server);
            Assert.That((variables["HOME"], variables["USER"], variables["LOGNAME"]), Is.EqualTo((nobody.Home, "nobody", "nobody")));
            foreach ((string path, uint owner) in ((string, uint)[])[(RuntimeDirectory, nobody.Id), (Temporary["server.pid"], 0), (Temporary["angel.log"], nobody.Id)])
            {
                Assert.That(Syscall.stat(path, out Stat stat), Is.Zero);
                Assert.That(stat.st_uid, Is.EqualTo(owner), path);
            }
        });
        RunningProcess.Signal(angel, Signum.SIGTERM);
        await RunningProcess.UntilAsync(() => RunningProcess.Of(Temporary).Count == 0, "all have ended");
        Assert.That(File.ReadAllText(Temporary["server.pid"]), Is.Empty, "The directory is root's: the file cannot be removed, but emptied.");
    }
}

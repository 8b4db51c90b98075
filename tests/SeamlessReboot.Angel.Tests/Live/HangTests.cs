using System.Globalization;
using System.Text.Json;

namespace SeamlessReboot.Angel.Tests.Live;

/// <summary>Children that live and are of no use.</summary>
internal sealed class HangTests : LiveTest
{
    [Test]
    public async Task One_without_a_heartbeat_is_killed_and_started_again()
    {
        AngelProcess angel = Start("--watchdog 1 --abort-timeout 0.3", "ready", "heartbeat 200");
        FakeChild first = await angel.ChildAsync();
        await first.DoAsync("no-heartbeat");
        int since = angel.Now;
        await angel.LineAsync("no heartbeat for 1 s", since);
        FakeChild second = await angel.ChildAsync(since);
        Assert.That(first.IsAlive, Is.False);
        Assert.That(second.Pid, Is.Not.EqualTo(first.Pid));
    }

    [Test]
    public async Task One_that_never_had_a_heartbeat_is_missed_from_readiness_on()
    {
        AngelProcess angel = Start("--watchdog 0.5 --abort-timeout 0.2", "ready");
        await angel.ChildAsync();
        await angel.LineAsync("no heartbeat");
        await angel.LineAsync("has died by the angel's signal");
    }

    [Test]
    public async Task A_stopped_one_dies_of_SIGKILL()
    {
        AngelProcess angel = Start("--watchdog 1 --abort-timeout 0.3", "ready", "heartbeat 200");
        FakeChild first = await angel.ChildAsync();
        int since = angel.Now;
        _ = TestLibc.Kill(first.Pid, 19);
        await angel.LineAsync("killed by SIGKILL", since);
        await angel.ChildAsync(since);
    }

    [Test]
    public async Task A_freeze_of_both_is_no_hang()
    {
        const int Stop = 19, Continue = 18;
        AngelProcess angel = Start("--watchdog 4 --abort-timeout 0.3", "ready", "heartbeat 200");
        FakeChild child = await angel.ChildAsync();
        await child.HeardAsync(); // from readiness on its heartbeat is expected
        for (int i = 0; i < 2; i++)
        {
            int since = angel.Now;
            angel.Send(Stop);
            _ = TestLibc.Kill(child.Pid, Stop);
            await Task.Delay(TimeSpan.FromSeconds(5)); // longer than the watchdog's time
            angel.Send(Continue);
            await angel.LineAsync("The angel has not run for", since);
            _ = TestLibc.Kill(child.Pid, Continue);
            await child.HeardAsync();
        }

        JsonElement status = await angel.StatusAsync();
        Assert.That((status.GetProperty("restarts").GetInt32(), status.GetProperty("childPid").GetInt32()), Is.EqualTo((0, child.Pid)));
        Assert.That(angel.Lines, Has.None.Contains("no heartbeat"));
        await child.DoAsync("no-heartbeat");
        await angel.LineAsync("no heartbeat for 4 s");
    }

    [Test]
    public async Task One_that_never_gets_ready_is_killed_and_started_again()
    {
        AngelProcess angel = Start("--notify yes --start-timeout 1.5 --abort-timeout 0.2", "first " + InRoot("once"), "wait", "then", "ready");
        await angel.LineAsync("not been ready within 1.5 s");
        await angel.ChildAsync();
        await angel.LineAsync("The server is ready");
    }

    [Test]
    public async Task One_that_does_not_finish_its_reboot_is_killed_and_started_again()
    {
        AngelProcess angel = Start("--start-timeout 2 --abort-timeout 0.2", "seamless 0");
        await angel.ChildAsync();
        int since = angel.Now;
        JsonElement answer = await angel.AskAsync("reboot");
        Assert.That(answer.GetProperty("ok").GetBoolean(), Is.False);
        Assert.That(answer.GetProperty("message").GetString(), Does.Contain("not been ready again"));
        await angel.ChildAsync(since);
    }

    [Test]
    public async Task One_that_is_deaf_is_found_by_the_probe()
    {
        int port = FreePort();
        string listen = string.Create(CultureInfo.InvariantCulture, $"--listen tcp4://127.0.0.1:{port} --probe tcp://127.0.0.1:{port}=hello --probe-interval 0.2 --probe-timeout 0.5 --probe-failures 2 --abort-timeout 0.2");
        AngelProcess angel = Start(listen, "first " + InRoot("once"), "ready", "commands " + Root, "then", "echo 3", "ready");
        FakeChild first = await angel.ChildAsync();
        int since = angel.Now;
        FakeChild second = await angel.ChildAsync(since);
        Assert.That(first.IsAlive, Is.False);
        await angel.LineAsync("2 probes in a row have failed");
        Assert.That(await Line.AskAsync(port, "now"), Is.EqualTo($"{second.Pid} now"));
        await second.HeardAsync();
        Assert.That((await angel.StatusAsync()).GetProperty("restarts").GetInt32(), Is.EqualTo(1));
    }

    [Test]
    public async Task One_that_dies_and_leaves_its_grandchildren_takes_them_along()
    {
        AngelProcess angel = Start("", "ready");
        FakeChild first = await angel.ChildAsync();
        int grandchild = int.Parse(await first.DoAsync("grandchild print there,wait"), provider: null);
        await angel.LineAsync("^fake there");
        int since = angel.Now;
        await first.EndByAsync("exit 1");
        await angel.ChildAsync(since);
        Assert.That(Directory.Exists($"/proc/{grandchild}"), Is.False, "killed and reaped before the next start");
    }

    [Test]
    public async Task One_that_forks_and_leaves_is_gone()
    {
        AngelProcess angel = Start("--death-limit 1", "grandchild wait", "exit 0");
        Assert.That(await angel.ExitCodeAsync(), Is.EqualTo(ExitCodes.GaveUp));
    }

    [Test]
    public async Task A_server_may_name_a_new_main_process_and_exit()
    {
        AngelProcess angel = Start("", "ready");
        FakeChild first = await angel.ChildAsync();
        int since = angel.Now;
        int pid = int.Parse(await first.DoAsync($"grandchild commands {Root}"), provider: null);
        FakeChild successor = await angel.ChildAsync(since);
        Assert.That(successor.Pid, Is.EqualTo(pid));
        await first.DoAsync($"say MAINPID={pid}");
        await first.EndByAsync("exit 0");
        await successor.DoAsync("say STATUS=the new one speaks");
        await successor.HeardAsync();
        JsonElement status = await angel.StatusAsync();
        Assert.That(status.GetProperty("childPid").GetInt32(), Is.EqualTo(pid));
        Assert.That(status.GetProperty("state").GetString(), Is.EqualTo("Ready"));
        Assert.That(status.GetProperty("statusText").GetString(), Is.EqualTo("the new one speaks"));
        await UntilAsync(() => !first.IsAlive, "the first one is reaped");
        since = angel.Now;
        await successor.EndByAsync("die 9");
        FakeChild next = await angel.ChildAsync(since);
        Assert.That(next.Pid, Is.Not.EqualTo(pid));
        await angel.LineAsync($"PID {pid}, has died.*SIGKILL", since);
    }

    [Test]
    public async Task The_death_of_the_new_main_process_is_noticed_while_its_parent_lives()
    {
        AngelProcess angel = Start("", "ready");
        FakeChild first = await angel.ChildAsync();
        int since = angel.Now;
        int pid = int.Parse(await first.DoAsync($"grandchild commands {Root}"), provider: null);
        FakeChild successor = await angel.ChildAsync(since);
        await first.DoAsync($"say MAINPID={pid}");
        await successor.HeardAsync();
        since = angel.Now;
        await successor.EndByAsync("die 9");
        await angel.ChildAsync(since);
        Assert.That(first.IsAlive, Is.False);
    }

    [Test]
    public async Task A_foreign_process_cannot_be_named_as_main_process()
    {
        AngelProcess angel = Start("", "ready");
        FakeChild child = await angel.ChildAsync();
        await child.DoAsync($"say MAINPID={Environment.ProcessId}");
        await child.HeardAsync();
        Assert.That((await angel.StatusAsync()).GetProperty("childPid").GetInt32(), Is.EqualTo(child.Pid));
        await angel.LineAsync("it did not start that process");
    }

    [Test]
    public async Task A_program_that_does_not_notify_is_ready_by_the_line_in_its_log()
    {
        string log = InRoot("server.log");
        AngelProcess angel = StartCommand($"--look-for listening.on --in {log}", ["/bin/sh", "-c", $"echo starting > {log}; read go; echo 'listening on 4000' >> {log}; sleep 1000"]);
        await angel.LineAsync("has been started");
        await UntilAsync(() => File.Exists(log), "the log is there");
        Assert.That((await angel.StatusAsync()).GetProperty("state").GetString(), Is.EqualTo("Starting"));
        await angel.WriteAsync("go\n");
        await angel.LineAsync("The server is ready");
    }

    [Test]
    public async Task Exits_of_strangers_are_nobodys_death()
    {
        AngelProcess angel = Start("", "ready");
        FakeChild child = await angel.ChildAsync();
        int since = angel.Now;
        // Its grandchild's child is left to the angel.
        await child.DoAsync("grandchild grandchild sleep 0.3|,exit 0");
        for (int i = 0; i < 20; i++)
            await child.DoAsync("grandchild exit 3");
        await child.HeardAsync();
        Assert.That((await angel.StatusAsync()).GetProperty("deathsOfLate").GetArrayLength(), Is.Zero);
        Assert.That(angel.Lines.Skip(since), Has.None.Contains("died"));
    }
}

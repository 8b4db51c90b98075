using SeamlessReboot.ProcessTests.Helpers;

namespace SeamlessReboot.ProcessTests;

/// <summary>Promise 5, as far as the server can hold it itself: an unhandled exception costs no connection, and no endless loop.</summary>
internal sealed class CrashTests : ProcessTest
{
    private const int Aborted = 128 + 6;
    private const string Farewell = "Your session could not be carried";

    [TestCase("main", false)]
    [TestCase("pool", false)]
    [TestCase("thread", false)]
    [TestCase("async-void", true)]
    [TestCase("session", true)]
    public async Task An_unhandled_exception_reboots_with_everyone(string where, bool isSessionKnown)
    {
        ServerProcess server = await StartAsync();
        List<Client> clients = await ConnectAsync(server, 4);
        await clients[1].SendAsync("half");
        await clients[2].SendAsync($"!crash-{where}\n");
        await server.ReadyAsync(1);
        Assert.Multiple(() =>
        {
            Assert.That(server.Ready.Flag("afterCrash"), Is.True);
            Assert.That(server.Ready.Text("reason"), Does.Contain("The application has crashed."));
            Assert.That(server.Ready.Lost, Is.Empty);
            Assert.That(server.Logs("Crashed").Single().Message, Does.Contain(isSessionKnown ? "session 3;" : "session 0;"));
            Assert.That(server.Logs("Crashed").Single().Text("exception"), Does.Contain("InvalidOperationException"));
        });
        await clients[1].SendAsync(" a line\n");
        await clients[1].ExpectAnswerAsync("half a line");
        await clients[2].ExpectAsync("crashing\n");
        await SayAllAsync(clients, "as before");
        await server.RebootAsync();
        await SayAllAsync(clients, "and a reboot that was asked for works");
        Assert.That(SpoolFiles(), Is.Empty);
    }

    [TestCase("session")]
    [TestCase("async-void")]
    public async Task Crashes_in_a_row_go_down_the_ladder_when_the_session_is_known(string where)
    {
        ServerProcess server = await StartAsync();
        List<Client> clients = await ConnectAsync(server, 4);
        Client culprit = clients[2];
        clients.RemoveAt(2);

        await CrashAsync(server, culprit, where, 1);
        await SayAllAsync([.. clients, culprit], "first: with everyone");

        await CrashAsync(server, culprit, where, 2);
        await AssertFarewellAsync(culprit);
        Assert.That(server.Ready.Lost.Select(l => l.Id), Is.EqualTo(new[] { culprit.Id }));
        await SayAllAsync(clients, "second: without the culprit");

        await CrashAsync(server, clients[0], where, 3);
        await AssertColdAsync(server, clients);

        await AssertDiesAsync(server, where);
    }

    [TestCase("pool")]
    [TestCase("thread")]
    public async Task Crashes_in_a_row_go_down_the_ladder_when_no_session_is_known(string where)
    {
        ServerProcess server = await StartAsync();
        List<Client> clients = await ConnectAsync(server, 4);
        await CrashAsync(server, clients[0], where, 1);
        await SayAllAsync(clients, "first: with everyone");

        await CrashAsync(server, clients[0], where, 2);
        clients = await AssertColdAsync(server, clients);

        await CrashAsync(server, clients[0], where, 3);
        await AssertColdAsync(server, clients);

        await AssertDiesAsync(server, where);
    }

    [Test]
    public async Task Crashes_that_are_far_apart_are_each_a_first_one()
    {
        ServerProcess server = await StartAsync("--crash-window", "1000");
        List<Client> clients = await ConnectAsync(server, 2);
        for (int i = 1; i <= 4; i++)
        {
            await CrashAsync(server, clients[0], "pool", i);
            await SayAllAsync(clients, "with everyone");
            long second = DateTimeOffset.UtcNow.ToUnixTimeSeconds();
            await Limits.UntilAsync(() => DateTimeOffset.UtcNow.ToUnixTimeSeconds() > second + 2, "later");
        }
    }

    [Test]
    public async Task A_reboot_between_two_crashes_does_not_make_the_second_a_first_one()
    {
        ServerProcess server = await StartAsync();
        List<Client> clients = await ConnectAsync(server, 2);
        await CrashAsync(server, clients[0], "session", 1);
        await server.RebootAsync();
        await SayAllAsync(clients, "hello again");
        await CrashAsync(server, clients[0], "session", 3);
        await AssertFarewellAsync(clients[0]);
        await clients[1].SayAsync("as before");
    }

    [TestCase("crash")]
    [TestCase("crash-pool")]
    public async Task A_version_that_crashes_before_Ready_passes_everyone_on(string fault)
    {
        string faults = Workspace.Write("faults", $"ok\n{fault}\nok\n");
        ServerProcess server = await StartAsync("--faults", faults);
        List<Client> clients = await ConnectAsync(server, 3);
        await clients[1].SendAsync("half");
        server.Send(Signal.Hup);
        await server.ReadyAsync();
        Assert.That(server.Ready.Flag("afterCrash"), Is.True);
        Assert.That(server.Ready.Lost, Is.Empty);
        await clients[1].SendAsync(" a line\n");
        await clients[1].ExpectAnswerAsync("half a line");
        await SayAllAsync(clients, "as before");
        await server.RebootAsync();
        await SayAllAsync(clients, "and after one more");
        Assert.That(SpoolFiles(), Is.Empty);
    }

    [Test]
    public async Task What_a_version_that_crashes_before_Ready_has_changed_of_the_process_is_put_back()
    {
        (ServerProcess server, Gap gap) = await StartWithGapAsync("--faults", Workspace.Write("faults", "ok\ncrash\nok\nok\n"));
        List<Client> clients = await ConnectAsync(server, 2);
        string umask = server.Proc.Status("Umask");
        await gap.RebootAsync(server, async () =>
        {
            await gap.LeaveAsync();
            await gap.EnterAsync(); // it has crashed, and is away once more
            Assert.That(server.Proc.Status("Umask"), Is.EqualTo(umask));
            server.Send(Signal.Hup); // it waits until there is somebody to hear it
        });
        await gap.EnterAsync();
        await gap.LeaveAsync();
        await server.ReadyAsync(2);
        await SayAllAsync(clients, "as before");
    }

    [Test]
    public async Task A_version_that_crashes_before_Ready_again_starts_cold_and_says_farewell()
    {
        string faults = Workspace.Write("faults", "ok\ncrash\ncrash\nok\n");
        ServerProcess server = await StartAsync("--faults", faults, "--tcp", $"127.0.0.1:{Ports.Free()}");
        int port = server.Port;
        List<Client> clients = await ConnectAsync(server, 3);
        server.Send(Signal.Hup);
        await server.ReadyAsync();
        await AssertColdAsync(server, clients);
        Assert.That(server.Port, Is.EqualTo(port));
    }

    [Test]
    public async Task A_version_that_always_crashes_before_Ready_dies_in_the_end()
    {
        string faults = Workspace.Write("faults", "ok\ncrash\ncrash\ncrash\ncrash\ncrash\n");
        ServerProcess server = await StartAsync("--faults", faults);
        List<Client> clients = await ConnectAsync(server, 1);
        server.Send(Signal.Hup);
        Assert.That(await server.ExitCodeAsync(), Is.EqualTo(Aborted));
        Assert.That(File.ReadAllLines(faults), Has.Length.EqualTo(1), "it was tried four times");
        _ = clients;
    }

    [Test]
    public async Task A_first_start_that_crashes_before_Ready_dies()
    {
        ServerProcess server = Launch("dotnet", [Builds.Server, .. WithSpool(["--faults", Workspace.Write("faults", "crash\nok\n")])]);
        Assert.That(await server.ExitCodeAsync(), Is.EqualTo(Aborted));
        Assert.That(server.Errors, Does.Contain("This version crashes while it starts."));
    }

    [Test]
    public async Task System_state_that_does_not_load_once_costs_nothing()
    {
        ServerProcess server = await StartAsync("--faults", Workspace.Write("faults", "ok\nkeep\nok\n"));
        List<Client> clients = await ConnectAsync(server, 3);
        Assert.That(await clients[0].AskAsync("!chronicle founded"), Is.EqualTo("founded"));
        server.Send(Signal.Hup);
        await server.ReadyAsync();
        Assert.That(server.Logs("Crashed").Single().Text("exception"), Does.Contain("The system state 'world'"));
        await SayAllAsync(clients, "as before");
        Assert.That(await clients[0].AskAsync("!chronicle"), Is.EqualTo("founded"));
    }

    [Test]
    public async Task System_state_that_never_loads_is_left_behind_by_a_cold_start()
    {
        ServerProcess server = await StartAsync("--faults", Workspace.Write("faults", "ok\nkeep\nkeep\nkeep\nkeep\n"));
        List<Client> clients = await ConnectAsync(server, 3);
        Assert.That(await clients[0].AskAsync("!chronicle founded"), Is.EqualTo("founded"));
        server.Send(Signal.Hup);
        await server.ReadyAsync();
        await AssertColdAsync(server, clients);
        Client late = await ConnectAsync(server);
        Assert.That(await late.AskAsync("!chronicle anew"), Is.EqualTo("anew"));
    }

    [Test]
    public async Task System_state_that_cannot_be_saved_does_not_keep_a_cold_start_from_happening()
    {
        ServerProcess server = await StartAsync();
        List<Client> clients = await ConnectAsync(server, 3);
        await CrashAsync(server, clients[0], "pool", 1);
        Assert.That(await clients[0].AskAsync("!refuse-save"), Is.EqualTo("ok"));
        await CrashAsync(server, clients[0], "pool", 2);
        await AssertColdAsync(server, clients);
    }

    [Test]
    public async Task RebootAfter_reboots_with_everyone()
    {
        ServerProcess server = await StartAsync();
        List<Client> clients = await ConnectAsync(server, 3);
        await clients[1].SendAsync("!reboot-after\n");
        await server.ReadyAsync(1);
        Assert.That(server.Ready.Flag("afterCrash"), Is.True);
        await clients[1].ExpectAsync("asked\n");
        await SayAllAsync(clients, "as before");
    }

    [Test]
    public async Task RebootAfter_from_inside_the_session_goes_down_the_same_ladder()
    {
        ServerProcess server = await StartAsync();
        List<Client> clients = await ConnectAsync(server, 3);
        await clients[1].SendAsync("!reboot-after culprit\n");
        await server.ReadyAsync(1);
        await SayAllAsync(clients, "first: with everyone");
        await clients[1].SendAsync("!reboot-after culprit\n");
        await server.ReadyAsync(2);
        Assert.That(await clients[1].ReadToEndAsync(), Does.StartWith(Farewell));
        clients.RemoveAt(1);
        await SayAllAsync(clients, "second: without the culprit");
    }

    [Test]
    public async Task A_session_that_throws_ends_alone()
    {
        ServerProcess server = await StartAsync();
        List<Client> clients = await ConnectAsync(server, 3);
        await clients[1].SendAsync("!throw\n");
        Assert.That(await clients[1].ReadToEndAsync(), Is.Empty);
        Assert.That((await server.LogAsync("SessionFailed")).Text("exception"), Does.Contain("This session has a bug."));
        clients.RemoveAt(1);
        await SayAllAsync(clients, "as before");
        await server.RebootAsync();
        Assert.That(server.Ready.Number("sessions"), Is.EqualTo(2));
        Assert.That(server.Logs("Crashed"), Is.Empty);
    }

    [Test]
    public async Task Sessions_that_do_not_come_to_a_safe_point_do_not_hold_up_the_answer_to_a_crash()
    {
        ServerProcess server = await StartAsync();
        List<Client> clients = await ConnectAsync(server, 3);
        await Hold.BeginAsync(Workspace, clients[1]);
        await CrashAsync(server, clients[0], "pool", 1);
        await SayAllAsync(clients, "as before");
    }

    [Test]
    public async Task A_crash_while_a_reboot_waits_for_a_session_reboots_all_the_same()
    {
        ServerProcess server = await StartAsync("--suspend-timeout", "16000"); // longer than a crash may take by itself
        List<Client> clients = await ConnectAsync(server, 4);
        await Hold.BeginAsync(Workspace, clients[1]);
        Assert.That(await clients[3].AskAsync($"!tell-late {clients[2].Id} psst"), Is.EqualTo("waiting"));
        await clients[0].SendAsync("!crash-when-suspending\n");
        await clients[0].ExpectAsync("waiting\n");
        server.Send(Signal.Hup);
        await server.ReadyAsync(1);
        Assert.That(server.Ready.Flag("afterCrash"), Is.True);
        foreach (Client client in new[] { clients[0], clients[1] })
            await client.SayAsync("as before");
    }

    [Test]
    public async Task Two_crashes_at_the_same_moment_are_one_reboot()
    {
        ServerProcess server = await StartAsync();
        List<Client> clients = await ConnectAsync(server, 3);
        await clients[0].SendAsync("!crash-twice\n");
        await server.ReadyAsync(1);
        await clients[0].ExpectAsync("crashing\n");
        await SayAllAsync(clients, "as before");
    }

    [Test]
    public async Task Without_RebootOnCrash_the_process_dies_as_it_would()
    {
        ServerProcess server = await StartAsync("--die-on-crash");
        Client client = await ConnectAsync(server);
        await client.SendAsync("!crash-pool\n");
        Assert.That(await server.ExitCodeAsync(), Is.EqualTo(Aborted));
        Assert.That(server.Errors, Does.Contain("The application has crashed."));
    }

    private static async Task CrashAsync(ServerProcess server, Client client, string where, int generation)
    {
        await client.SendAsync($"!crash-{where}\n");
        await server.ReadyAsync(generation);
        Assert.That(server.Ready.Number("pid"), Is.EqualTo(server.Pid));
        if (server.Ready.Lost.Count == 0)
            await client.ExpectAsync("crashing\n");
    }

    // What was said before, then the sentence, then a clean end.
    private static async Task AssertFarewellAsync(Client client) =>
        Assert.That(await client.ReadToEndAsync(), Does.Match($"^(crashing\n)?{Farewell}"));

    private async Task<List<Client>> AssertColdAsync(ServerProcess server, List<Client> clients)
    {
        foreach (Client client in clients)
            await AssertFarewellAsync(client);
        Assert.That(server.Ready.Number("sessions"), Is.Zero);
        Assert.That(server.Ready.Lost, Has.Count.EqualTo(clients.Count));
        Assert.That(server.Ready.Lost.Select(l => l.Reason), Has.All.Contains("crashed too often"));
        List<Client> late = await ConnectAsync(server, 2);
        await SayAllAsync(late, "it serves");
        return late;
    }

    private async Task AssertDiesAsync(ServerProcess server, string where)
    {
        Client last = await ConnectAsync(server);
        await last.SendAsync($"!crash-{where}\n");
        Assert.That(await server.ExitCodeAsync(), Is.EqualTo(Aborted));
        Assert.That(server.Logs("GivingUp"), Has.Count.EqualTo(1));
        Assert.That(server.Errors, Does.Contain("The application has crashed."), "the original fault is the last word");
    }
}

using SeamlessReboot.ProcessTests.Helpers;

namespace SeamlessReboot.ProcessTests;

/// <summary>Promise 3: a reboot that cannot succeed does not happen. Nobody notices but the log, and a later one works.</summary>
internal sealed class CalledOffTests : ProcessTest
{
    private const UnixFileMode Private = UnixFileMode.UserRead | UnixFileMode.UserWrite | UnixFileMode.UserExecute;

    [Test]
    public async Task A_spool_directory_that_was_removed_is_made_anew()
    {
        ServerProcess server = await StartAsync();
        List<Client> clients = await ConnectAsync(server, 2);
        for (int i = 0; i < 2; i++)
        {
            Directory.Delete(Workspace.Spool);
            await AssertServesAndRebootsAsync(server, clients);
            Assert.That(File.GetUnixFileMode(Workspace.Spool), Is.EqualTo(Private));
        }
    }

    [TestCase(false)]
    [TestCase(true)]
    public async Task A_program_that_is_not_there_calls_it_off(bool check)
    {
        string program = Workspace.File("next");
        ServerProcess server = await StartForCommandAsync(program, Check(check));
        await AssertCalledOffAsync(server, "Check", "is not there", () => { }, () => WriteProgram(program));
    }

    [TestCase(false)]
    [TestCase(true)]
    public async Task A_program_that_is_a_directory_calls_it_off(bool check)
    {
        string program = Workspace.File("next");
        Directory.CreateDirectory(program);
        ServerProcess server = await StartForCommandAsync(program, Check(check));
        await AssertCalledOffAsync(server, "Check", "is a directory", () => { }, () =>
        {
            Directory.Delete(program);
            WriteProgram(program);
        });
    }

    [TestCase(false)]
    [TestCase(true)]
    public async Task A_program_that_may_not_be_executed_calls_it_off(bool check)
    {
        string program = Workspace.Write("next", "#!/bin/sh\n");
        ServerProcess server = await StartForCommandAsync(program, Check(check));
        await AssertCalledOffAsync(server, "Check", "chmod +x", () => { }, () => WriteProgram(program));
    }

    [TestCase(false, "Exec")]
    [TestCase(true, "Rehearse")]
    public async Task A_program_that_is_no_program_calls_it_off(bool check, string stage)
    {
        string program = Workspace.Write("next", "I am a text.\n", executable: true);
        ServerProcess server = await StartForCommandAsync(program, Check(check));
        await AssertCalledOffAsync(server, stage, check ? "cannot be started" : "ENOEXEC", () => { }, () => WriteProgram(program));
    }

    [TestCase(false, "Exec")]
    [TestCase(true, "Rehearse")]
    public async Task A_script_whose_interpreter_is_not_there_calls_it_off(bool check, string stage)
    {
        string program = Workspace.Write("next", "#!/there/is/none\n", executable: true);
        ServerProcess server = await StartForCommandAsync(program, Check(check));
        await AssertCalledOffAsync(server, stage, check ? "cannot be started" : "ENOENT", () => { }, () => WriteProgram(program));
    }

    [TestCase(false, "Exec")]
    [TestCase(true, "Rehearse")]
    public async Task A_program_that_is_still_being_written_calls_it_off(bool check, string stage)
    {
        string program = Workspace.File("next");
        File.Copy("/bin/true", program);
        File.SetUnixFileMode(program, Private);
        ServerProcess server = await StartForCommandAsync(program, Check(check));
        FileStream? upload = null;
        await AssertCalledOffAsync(server, stage, check ? "cannot be started" : "ETXTBSY", () => upload = File.OpenWrite(program), () =>
        {
            upload!.Dispose();
            File.Delete(program);
            WriteProgram(program);
        });
    }

    [TestCase(false, "Exec")]
    [TestCase(true, "Rehearse")]
    public async Task An_argument_that_is_too_long_calls_it_off(bool check, string stage)
    {
        string command = Workspace.Write("command", "/bin/true\n" + new string('x', 200_000));
        ServerProcess server = await StartForCommandAsync("@" + command, Check(check));
        await AssertCalledOffAsync(server, stage, check ? "cannot be started" : "E2BIG", () => { }, null);
    }

    [Test]
    public async Task A_session_that_comes_to_no_safe_point_calls_it_off_and_is_named()
    {
        ServerProcess server = await StartAsync("--suspend-timeout", "500");
        Client client = await ConnectAsync(server);
        await client.SayAsync("hello");
        Hold hold = await Hold.BeginAsync(Workspace, client);
        ServerEvent calledOff = await server.RebootInVainAsync();
        Assert.That(calledOff.Text("stage"), Is.EqualTo("Suspend"));
        Assert.That(calledOff.Message, Does.Contain("session 1").And.Contain("SuspendTimeout"));
        await hold.ReleaseAsync();
        await client.SayAsync("nobody has noticed");
        await AssertServesAndRebootsAsync(server, [client]);
    }

    [Test]
    public async Task A_session_that_cannot_be_captured_calls_it_off_and_is_named()
    {
        ServerProcess server = await StartAsync();
        await AssertCalledOffAsync(server, "Capture", "Session 1 could not be captured: This session cannot be captured.",
            c => c.AskAsync("!refuse-capture"), c => c.AskAsync("!refuse-capture off"));
    }

    [Test]
    public async Task A_session_that_cannot_be_captured_says_farewell_alone_if_that_is_the_policy()
    {
        ServerProcess server = await StartAsync("--farewell-on-failure");
        List<Client> clients = await ConnectAsync(server, 3);
        Assert.That(await clients[1].AskAsync("!refuse-capture"), Is.EqualTo("ok"));
        await server.RebootAsync();
        Assert.That(await clients[1].ReadToEndAsync(), Does.StartWith("Your session could not be carried"));
        Assert.That(server.Ready.Lost.Single().Id, Is.EqualTo(clients[1].Id));
        Assert.That(server.Ready.Lost.Single().Reason, Does.Contain("This session cannot be captured."));
        clients.RemoveAt(1);
        await AssertServesAndRebootsAsync(server, clients);
    }

    [Test]
    public async Task System_state_that_cannot_be_saved_calls_it_off()
    {
        ServerProcess server = await StartAsync();
        await AssertCalledOffAsync(server, "Capture", "The system state 'world' could not be saved",
            c => c.AskAsync("!refuse-save"), c => c.AskAsync("!refuse-save off"));
    }

    [Test]
    public async Task A_hook_that_throws_calls_it_off()
    {
        ServerProcess server = await StartAsync();
        await AssertCalledOffAsync(server, "Flush", "The database does not close.", c => c.AskAsync("!flush throw"), c => c.AskAsync("!flush ok"));
    }

    [TestCase("hang")]
    [TestCase("block")]
    public async Task A_hook_that_does_not_return_calls_it_off(string how)
    {
        ServerProcess server = await StartAsync("--flush-timeout", "500");
        await AssertCalledOffAsync(server, "Flush", "OnSuspending has not returned after 0.5 s",
            c => c.AskAsync("!flush " + how), c => c.AskAsync("!flush ok"));
    }

    [Test]
    public async Task A_failed_exec_leaves_the_process_as_it_was()
    {
        string program = Workspace.Write("next", "I am a text.\n", executable: true);
        ServerProcess server = await StartForCommandAsync(program, "--keep-file", Workspace.File("log"));
        Client client = await ConnectAsync(server);
        await client.SayAsync("hello");
        string elsewhere = Directory.CreateDirectory(Workspace.File("elsewhere")).FullName;
        Assert.That(await client.AskAsync("!cd " + elsewhere), Is.EqualTo("ok"));
        Assert.That(await client.AskAsync("!umask 077"), Is.EqualTo("ok"));
        Assert.That(await client.AskAsync("!timer 1000"), Is.Not.EqualTo("0"));
        int stray = int.Parse(await client.AskAsync("!stray"), provider: null);
        string ignored = server.Proc.Status("SigIgn"), caught = server.Proc.Status("SigCgt"), blocked = server.Proc.Status("SigBlk");
        IReadOnlyList<int> inheritable = server.Proc.Inheritable();
        Assert.That(inheritable, Does.Contain(stray));
        for (int i = 0; i < 3; i++)
            Assert.That((await server.RebootInVainAsync()).Text("stage"), Is.EqualTo("Exec"));
        await client.SayAsync("nobody has noticed");
        string timer = await client.AskAsync("!timer");
        Assert.Multiple(() =>
        {
            Assert.That(server.Proc.WorkingDirectory, Is.EqualTo(elsewhere));
            Assert.That(server.Proc.Status("Umask"), Is.EqualTo("0077"));
            Assert.That(timer, Is.Not.EqualTo("0"), "the timer runs on");
            Assert.That(server.Proc.Status("SigIgn"), Is.EqualTo(ignored));
            Assert.That(server.Proc.Status("SigCgt"), Is.EqualTo(caught));
            Assert.That(server.Proc.Status("SigBlk"), Is.EqualTo(blocked));
            Assert.That(server.Proc.Inheritable(), Is.EqualTo(inheritable));
            Assert.That(server.Proc.Descriptors()[stray], Is.EqualTo(server.Proc.Descriptors()[2]), "not even a stray is closed");
            Assert.That(SpoolFiles(), Is.Empty);
        });
        Assert.That(await Diagnostics.AskAsync(server, Workspace.Root), Is.EqualTo(server.Pid));
        WriteProgram(program);
        await server.RebootAsync();
        await client.SayAsync("a later reboot works");
    }

    [Test]
    public async Task CheckReboot_says_beforehand_what_would_call_it_off()
    {
        string program = Workspace.File("next");
        ServerProcess server = await StartForCommandAsync(program, "--check");
        Client client = await ConnectAsync(server);
        Assert.That(await client.AskAsync("!check"), Does.StartWith("Check: ").And.Contain("is not there"));
        WriteProgram(program);
        Assert.That(await client.AskAsync("!check"), Is.EqualTo("fine"));
        Assert.That(SpoolFiles(), Is.Empty);
        await server.RebootAsync();
        await client.SayAsync("hello");
    }

    private static string[] Check(bool check) => check ? ["--check"] : [];

    private void WriteProgram(string path)
    {
        File.Delete(path);
        Workspace.Write(Path.GetFileName(path), $"#!/bin/sh\nexec dotnet '{Builds.Server}' --spool {Workspace.Spool}\n", executable: true);
    }

    private Task<ServerEvent> AssertCalledOffAsync(ServerProcess server, string? stage, string message, Action spoil, Action? mend) =>
        AssertCalledOffAsync(server, stage, message, _ => Call(spoil), mend is null ? null : _ => Call(mend));

    private async Task<ServerEvent> AssertCalledOffAsync(
        ServerProcess server, string? stage, string message, Func<Client, Task<string>> spoil, Func<Client, Task<string>>? mend)
    {
        List<Client> clients = await ConnectAsync(server, 4);
        Assert.That(await spoil(clients[0]), Is.EqualTo("ok").Or.Match("^[0-9]+$"));
        Chatter chatter = Chatter.Start(clients[3], seed: 1);
        await clients[1].SendAsync("half");
        ServerEvent calledOff = await server.RebootInVainAsync();
        Assert.That(calledOff.Message, Does.Contain(message));
        Assert.That(calledOff.Text("stage"), stage is null ? Is.Not.Empty : Is.EqualTo(stage));
        await clients[1].SendAsync(" a line\n");
        await clients[1].ExpectAnswerAsync("half a line");
        Assert.That(server.Logs("CalledOff"), Has.Count.EqualTo(1));
        await chatter.StopAsync();
        await SayAllAsync(clients, "nobody has noticed");
        await SayAllAsync(await ConnectAsync(server, 1), "and who is new has not");
        if (mend is not null)
        {
            Assert.That(await mend(clients[0]), Is.EqualTo("ok").Or.Match("^[0-9]+$"));
            await AssertServesAndRebootsAsync(server, clients);
        }

        return calledOff;
    }

    private static async Task AssertServesAndRebootsAsync(ServerProcess server, IReadOnlyList<Client> clients)
    {
        await SayAllAsync(clients, "before");
        await server.RebootAsync();
        await SayAllAsync(clients, "a later reboot works");
    }

    private static Task<string> Call(Action action)
    {
        action();
        return Task.FromResult("ok");
    }
}

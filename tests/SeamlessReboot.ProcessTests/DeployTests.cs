using SeamlessReboot.ProcessTests.Helpers;

namespace SeamlessReboot.ProcessTests;

/// <summary>A deploy: a new directory, the link is flipped, the server rebooted. The new release runs, and everyone stays.</summary>
internal sealed class DeployTests : ProcessTest
{
    private string Arguments => $"--check --spool {Workspace.Spool}";

    [SetUp]
    public void MakeReleases()
    {
        foreach (int version in new[] { 1, 2, 3 })
            Builds.Release(Workspace.File($"v{version}"), version);
        Workspace.Link("current", "v1");
    }

    [TestCase("cd current && exec dotnet TestServer.dll", TestName = "A_symlink_deploy_changes_the_code_through_the_working_directory")]
    [TestCase("exec dotnet current/TestServer.dll", TestName = "A_symlink_deploy_changes_the_code_through_a_relative_argument")]
    [TestCase("exec dotnet \"$PWD/current/TestServer.dll\"", TestName = "A_symlink_deploy_changes_the_code_through_an_absolute_argument")]
    [TestCase("exec current/TestServer", TestName = "A_symlink_deploy_changes_the_code_through_argv_0")]
    [TestCase("cd current && exec ./TestServer", TestName = "A_symlink_deploy_changes_the_code_through_a_program_in_the_working_directory")]
    [TestCase("PATH=\"$PWD/current:$PATH\" && exec TestServer", TestName = "A_symlink_deploy_changes_the_code_through_PATH")]
    public async Task A_symlink_deploy_changes_the_code_and_can_be_rolled_back(string line)
    {
        ServerProcess server = await StartByShellAsync($"{line} {Arguments}", ("DOTNET_ROOT", Builds.DotnetRoot));
        Client client = await ConnectAsync(server);
        await client.SayAsync("hello");
        foreach (int version in new[] { 2, 1, 2 })
        {
            Workspace.Link("current", $"v{version}");
            ServerEvent ready = await server.RebootAsync();
            Assert.That(ready.Number("version"), Is.EqualTo(version));
            Assert.That(ready.Number("pid"), Is.EqualTo(server.Pid));
            await client.SayAsync($"in version {version}");
        }
    }

    [Test]
    public async Task State_with_a_field_added_removed_or_renamed_loads_in_the_new_version_and_in_the_old_one_again()
    {
        ServerProcess server = await StartByShellAsync($"cd current && exec dotnet TestServer.dll {Arguments}");
        List<Client> clients = await ConnectAsync(server, 3);
        Assert.That(await clients[0].AskAsync("!extra carpe"), Is.EqualTo("v1 carpe"));
        await DeployAsync(server, 2);
        await SayAllAsync(clients, "the count, renamed, goes on");
        Assert.That(await clients[0].AskAsync("!extra"), Is.EqualTo("v2 newcomer"), "an added field has its default");
        Assert.That(await clients[1].AskAsync("!extra admiral"), Is.EqualTo("v2 admiral"));
        await DeployAsync(server, 2);
        Assert.That(await clients[1].AskAsync("!extra"), Is.EqualTo("v2 admiral"));
        await DeployAsync(server, 1);
        await SayAllAsync(clients, "the count goes on in the old version");
        Assert.That(await clients[0].AskAsync("!extra"), Is.EqualTo("v1 none"), "what the newer version did not know is gone");
    }

    [Test]
    public async Task A_session_whose_state_does_not_load_in_the_new_version_is_quarantined_alone()
    {
        ServerProcess server = await StartByShellAsync($"cd current && exec dotnet TestServer.dll {Arguments} --farewell-on-failure");
        List<Client> clients = await ConnectAsync(server, 4);
        foreach (int i in new[] { 0, 1, 3 })
            Assert.That(await clients[i].AskAsync($"!extra {i}"), Is.EqualTo($"v1 {i}"));
        await DeployAsync(server, 3);
        LostInfo lost = server.Ready.Lost.Single();
        Assert.Multiple(() =>
        {
            Assert.That(lost.Id, Is.EqualTo(clients[2].Id));
            Assert.That(lost.Reason, Does.Contain("could not be restored"));
            Assert.That(File.Exists(lost.File), Is.True, "its record is kept");
            Assert.That(server.Ready.Number("sessions"), Is.EqualTo(3));
        });
        Assert.That(await clients[2].ReadToEndAsync(), Does.StartWith("Your session could not be carried"));
        clients.RemoveAt(2);
        await SayAllAsync(clients, "the others go on");
        Assert.That(await clients[2].AskAsync("!extra"), Is.EqualTo("v3 3"));
        await DeployAsync(server, 2);
        await SayAllAsync(clients, "back in the old version");
        Assert.That(SpoolFiles(), Is.EqualTo(new[] { Path.GetFileName(lost.File) }), "nothing but the record for somebody to look at");
    }

    [TestCase("1", 2)]
    [TestCase("1,2,3", 3)]
    public async Task A_release_that_cannot_restore_most_sessions_is_called_off_also_where_one_may_be_lost(string unreadable, int next)
    {
        string faults = Workspace.Write("faults", $"ok\nrestore {unreadable}\nrestore {unreadable}\n");
        ServerProcess server = await StartByShellAsync($"cd current && exec dotnet TestServer.dll {Arguments} --farewell-on-failure --faults {faults}");
        List<Client> clients = await ConnectAsync(server, 3);
        bool isMost = unreadable.Length > 1;
        if (isMost)
        {
            ServerEvent calledOff = await server.RebootInVainAsync();
            Assert.That(calledOff.Message, Does.Contain("cannot restore 3 of 3 sessions").And.Contain("does not understand this session.").And.Contain(". Mend the release."));
            await SayAllAsync(clients, "nobody has noticed");
            File.WriteAllText(faults, "");
        }

        await server.RebootAsync();
        Assert.That(server.Ready.Number("sessions"), Is.EqualTo(next));
        await SayAllAsync(clients.Skip(3 - next), "carried");
    }

    [Test]
    public async Task A_release_without_its_assembly_is_not_started()
    {
        Directory.CreateDirectory(Workspace.File("v4"));
        await AssertNotStartedAsync("v4", "TestServer.dll' is not there");
    }

    [Test]
    public async Task A_link_that_leads_nowhere_is_not_started() => await AssertNotStartedAsync("v5", "is not there");

    [Test]
    public async Task A_release_that_ends_with_an_error_is_not_started_and_what_it_said_is_logged()
    {
        File.WriteAllText(Path.Combine(Builds.Release(Workspace.File("v4"), 4), "broken.txt"), "7\nThe licence file is missing.\n");
        await AssertNotStartedAsync("v4", "exit code 7", "The licence file is missing.");
    }

    [Test]
    public async Task A_release_for_another_framework_is_not_started_and_what_the_host_said_is_logged()
    {
        string config = Path.Combine(Builds.Release(Workspace.File("v4"), 4), "TestServer.runtimeconfig.json");
        File.WriteAllText(config, File.ReadAllText(config).Replace("\"version\": \"10.0.0\"", "\"version\": \"99.0.0\"", StringComparison.Ordinal));
        await AssertNotStartedAsync("v4", "99.0.0");
    }

    [Test]
    public async Task A_release_with_a_damaged_assembly_is_not_started()
    {
        File.WriteAllText(Path.Combine(Builds.Release(Workspace.File("v4"), 4), Builds.Assembly), "half an upload");
        await AssertNotStartedAsync("v4", "does not start");
    }

    [Test]
    public async Task A_release_that_hangs_is_not_started()
    {
        File.WriteAllText(Path.Combine(Builds.Release(Workspace.File("v4"), 4), "broken.txt"), "hang\n");
        await AssertNotStartedAsync("v4", "still not at Rebooter.Start", "--check-timeout 3000");
    }

    private async Task AssertNotStartedAsync(string release, string message, string moreText = "")
    {
        bool isOption = moreText.StartsWith("--", StringComparison.Ordinal);
        ServerProcess server = await StartByShellAsync($"cd current && exec dotnet TestServer.dll {Arguments} {(isOption ? moreText : "")}");
        List<Client> clients = await ConnectAsync(server, 3);
        Workspace.Link("current", release);
        ServerEvent calledOff = await server.RebootInVainAsync();
        Assert.Multiple(() =>
        {
            Assert.That(calledOff.Text("stage"), Is.EqualTo(message.Contains("is not there", StringComparison.Ordinal) ? "Check" : "Rehearse"));
            Assert.That(calledOff.Message, Does.Contain(message));
            Assert.That(isOption || calledOff.Message.Contains(moreText, StringComparison.Ordinal), Is.True, calledOff.Message);
            Assert.That(SpoolFiles(), Is.Empty);
        });
        await SayAllAsync(clients, "nobody has noticed");
        Workspace.Link("current", "v2");
        await server.RebootAsync();
        Assert.That(server.Ready.Number("version"), Is.EqualTo(2));
        await SayAllAsync(clients, "a later reboot works");
    }

    private async Task DeployAsync(ServerProcess server, int version)
    {
        Workspace.Link("current", $"v{version}");
        await server.RebootAsync();
        Assert.That(server.Ready.Number("version"), Is.EqualTo(version));
    }
}

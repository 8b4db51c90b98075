using System.Net.Sockets;
using SeamlessReboot.ProcessTests.Helpers;

namespace SeamlessReboot.ProcessTests;

/// <summary>What is around a server goes away under it: no reason not to start, reboot or stop.</summary>
internal sealed class SurroundingsTests : ProcessTest
{
    [Test]
    public async Task A_working_directory_that_was_made_anew_is_gone_to()
    {
        string directory = Directory.CreateDirectory(Workspace.File("work")).FullName;
        ServerProcess server = await StartByShellAsync($"cd {directory} && exec dotnet '{Builds.Server}' --spool {Workspace.Spool}");
        Directory.Delete(directory);
        Directory.CreateDirectory(directory);
        await AssertRebootsAsync(server);
        Assert.That(server.Proc.WorkingDirectory, Is.EqualTo(directory));
    }

    [TestCase("")]
    [TestCase("--check")]
    public async Task A_working_directory_that_was_removed_is_stayed_in(string option)
    {
        string directory = Directory.CreateDirectory(Workspace.File("work")).FullName;
        ServerProcess server = await StartByShellAsync($"cd {directory} && exec dotnet '{Builds.Server}' --spool {Workspace.Spool} {option}");
        Directory.Delete(directory);
        await AssertRebootsAsync(server);
        Assert.That(server.Proc.WorkingDirectory, Is.EqualTo(directory + " (deleted)"));
    }

    [Test]
    public async Task A_server_starts_in_a_working_directory_that_was_removed()
    {
        string directory = Directory.CreateDirectory(Workspace.File("work")).FullName;
        await AssertRebootsAsync(await StartByShellAsync($"cd {directory} && rmdir {directory} && exec dotnet '{Builds.Server}' --spool {Workspace.Spool}"));
    }

    [TestCase("<&-")]
    [TestCase("2>&-")]
    [TestCase("<&- 2>&-")]
    public async Task A_server_starts_without_some_of_its_standard_streams(string closed)
    {
        ServerProcess server = await StartByShellAsync($"exec dotnet '{Builds.Server}' --spool {Workspace.Spool} {closed}");
        await AssertRebootsAsync(server);
        Assert.That(Enumerable.Range(0, 3).Select(fd => server.Proc.Descriptors().GetValueOrDefault(fd, "")), Has.None.StartsWith("socket:"));
    }

    [Test]
    public async Task A_unix_socket_whose_directory_is_gone_is_no_reason_not_to_reboot_or_to_stop()
    {
        string directory = Directory.CreateDirectory(Workspace.File("sockets")).FullName;
        ServerProcess server = await StartAsync("--unix", directory + "/socket");
        Client client = await ConnectAsync(new UnixDomainSocketEndPoint(directory + "/socket"));
        await client.SayAsync("before");
        Directory.Delete(directory, recursive: true);
        await server.RebootAsync();
        await client.SayAsync("after");
        Assert.That(await client.AskAsync("!quit"), Is.EqualTo("bye"));
        Assert.That(await server.ExitCodeAsync(), Is.Zero);
    }

    /// <summary>Such a process may not read what /proc tells of itself: its environment, its program, its descriptors.</summary>
    [TestCase("")]
    [TestCase("--check")]
    public async Task A_server_with_file_capabilities_can_be_rebooted(string option)
    {
        if (Libc.EffectiveUser() != 0 || !Shell.Has("setcap"))
            Assert.Ignore("Only root can give a program capabilities, with setcap.");
        string program = Path.Combine(Builds.Release(Workspace.File("program"), 1), Builds.AppHost);
        (int code, string output) = await Shell.TryAsync("setcap", "cap_net_bind_service=ep", program);
        if (code != 0)
            Assert.Ignore($"No program can be given capabilities here: {output.Trim()}");
        string[] before = await Unprivileged.CommandAsync(Workspace);
        await Shell.RunAsync("setcap", "cap_net_bind_service=ep", program); // chown takes them away
        ServerProcess server = await StartByShellAsync($"exec {string.Join(' ', before)} {program} --spool {Workspace.Spool} {option}", ("DOTNET_ROOT", Builds.DotnetRoot));
        Assert.That((await Shell.TryAsync(before[0], [.. before[1..], "cat", $"/proc/{server.Pid}/environ"])).Code, Is.Not.Zero, "it is readable after all: nothing is tested");
        await AssertRebootsAsync(server);
    }

    private async Task AssertRebootsAsync(ServerProcess server)
    {
        List<Client> clients = await ConnectAsync(server, 2);
        for (int i = 0; i < 2; i++)
        {
            await server.RebootAsync();
            await SayAllAsync(clients, "served");
        }
    }
}

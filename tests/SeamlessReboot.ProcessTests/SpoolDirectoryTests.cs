using SeamlessReboot.ProcessTests.Helpers;

namespace SeamlessReboot.ProcessTests;

/// <summary>A spool directory that is not this server's alone is refused at the start, in words that say what to do.</summary>
internal sealed class SpoolDirectoryTests : ProcessTest
{
    [Test]
    public async Task A_directory_that_others_can_write_to_is_refused()
    {
        Directory.CreateDirectory(Workspace.Spool);
        File.SetUnixFileMode(Workspace.Spool, (UnixFileMode)0x1FF);
        await AssertRefusedAsync("has mode 0777", $"chmod 0700 '{Workspace.Spool}'");
        await Shell.RunAsync("chmod", "0700", Workspace.Spool);
        await (await StartAsync()).RebootAsync();
    }

    [Test]
    public async Task A_directory_of_another_user_is_refused()
    {
        if (Libc.EffectiveUser() != 0)
            Assert.Ignore("Giving a directory to another user takes root.");
        Directory.CreateDirectory(Workspace.Spool);
        File.SetUnixFileMode(Workspace.Spool, (UnixFileMode)0x1C0);
        await Shell.RunAsync("chown", "12345", Workspace.Spool);
        await AssertRefusedAsync("belongs to user 12345", $"chown 0 '{Workspace.Spool}'");
        await Shell.RunAsync("chown", "0", Workspace.Spool);
        await (await StartAsync()).RebootAsync();
    }

    [Test]
    public async Task A_symlink_is_refused()
    {
        Directory.CreateDirectory(Workspace.File("elsewhere"));
        File.CreateSymbolicLink(Workspace.Spool, Workspace.File("elsewhere"));
        await AssertRefusedAsync("cannot be opened", "no symlink");
    }

    [Test]
    public async Task A_file_in_its_place_is_refused()
    {
        await File.WriteAllTextAsync(Workspace.Spool, "");
        await AssertRefusedAsync("cannot be opened", "Set RebooterOptions.SpoolDirectory");
    }

    [Test]
    public async Task The_second_of_two_servers_with_one_directory_is_refused()
    {
        ServerProcess first = await StartAsync();
        Client client = await ConnectAsync(first);
        for (int i = 0; i < 2; i++)
        {
            await AssertRefusedAsync("in use by another server", "Give each server a SpoolDirectory of its own");
            await first.RebootAsync();
            await client.SayAsync("the first has not noticed");
        }

        Assert.That(await client.AskAsync("!quit"), Is.EqualTo("bye"));
        await first.ExitCodeAsync();
        await StartAsync();
    }

    private async Task AssertRefusedAsync(params string[] messages)
    {
        ServerProcess server = Launch("dotnet", [Builds.Server, .. WithSpool([])]);
        Assert.That(await server.ExitCodeAsync(), Is.Not.Zero);
        foreach (string message in messages)
            Assert.That(server.Errors, Does.Contain(message));
    }
}

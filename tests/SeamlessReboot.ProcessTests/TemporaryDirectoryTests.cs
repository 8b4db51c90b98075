using SeamlessReboot.ProcessTests.Helpers;

namespace SeamlessReboot.ProcessTests;

/// <summary>The runtime keeps its diagnostics socket in TMPDIR. Whatever becomes of that directory, reboots go on.</summary>
internal sealed class TemporaryDirectoryTests : ProcessTest
{
    [Test]
    public async Task One_that_is_removed_is_no_reason_to_call_off_or_to_die()
    {
        Directory.CreateDirectory(Workspace.File("tmp"));
        await AssertRebootsAsync(() => Directory.Delete(Workspace.File("tmp"), recursive: true));
    }

    [Test]
    public Task One_that_was_never_there_is_no_reason_to_call_off_or_to_die() => AssertRebootsAsync(() => { });

    [Test]
    public async Task One_whose_files_another_user_has_taken_is_no_reason_to_call_off_or_to_die()
    {
        Directory.CreateDirectory(Workspace.File("tmp"));
        await AssertRebootsAsync(() =>
        {
            string socket = Directory.GetFiles(Workspace.File("tmp"), "dotnet-diagnostic-*-socket").Single();
            Directory.CreateDirectory(socket + ".before-reboot"); // what it was moved to once
            File.Delete(socket);
            Directory.CreateDirectory(socket + "/not/empty");
        });
    }

    private async Task AssertRebootsAsync(Action spoil)
    {
        ServerProcess server = Launch("dotnet", [Builds.Server, .. WithSpool([])], ("TMPDIR", Workspace.File("tmp")));
        await server.ReadyAsync();
        Client client = await ConnectAsync(server);
        spoil();
        for (int i = 0; i < 2; i++)
        {
            await server.RebootAsync();
            await client.SayAsync("served");
        }
    }
}

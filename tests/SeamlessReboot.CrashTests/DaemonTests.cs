using System.Diagnostics;
using SeamlessReboot.CrashTests.Support;

namespace SeamlessReboot.CrashTests;

/// <summary>Who starts a daemon is told whether it runs.</summary>
internal sealed class DaemonTests : CrashTest
{
    [TestCase("throw", "This release is broken.")]
    [TestCase("throw-early", "This release is broken.")]
    public async Task A_daemon_whose_server_does_not_start_says_what_the_server_said_and_leaves_nobody(string fault, string message)
    {
        Ended starter = await RunAsync(["--daemon", "--restart", "never"], [.. CounterServer(Ports.Free()), "--fail-start", fault]);
        Assert.Multiple(() =>
        {
            Assert.That(starter.Code, Is.Not.Zero, starter.ToString());
            Assert.That(starter.Errors, Does.Contain(message));
        });
        await Limits.UntilAsync(() => Family.Living().Count == 0, "no process is left");
    }

    [Test]
    public async Task A_daemon_whose_server_never_gets_ready_gives_up_in_time_and_leaves_nobody()
    {
        Ended starter = await RunAsync(["--daemon", "--timeout", "2s"], [.. CounterServer(Ports.Free()), "--fail-start", "hang"]);
        Assert.That(starter.Code, Is.Not.Zero, starter.ToString());
        Assert.That(starter.Errors, Is.Not.Empty);
        await Limits.UntilAsync(() => Family.Living().Count == 0, "no process is left");
    }

    [Test]
    public async Task A_program_that_is_not_there_is_told_by_the_starter()
    {
        Ended starter = await RunAsync(["--daemon"], [Workspace.File("nothing")]);
        Assert.That(starter.Code, Is.Not.Zero, starter.ToString());
        Assert.That(starter.Errors, Does.Contain(Workspace.File("nothing")));
        await Limits.UntilAsync(() => Family.Living().Count == 0, "no process is left");
    }

    [Test]
    public async Task A_daemon_is_back_when_its_server_is_ready_and_outlives_its_starter()
    {
        int port = Ports.Free();
        Ended starter = await RunAsync(["--daemon"], CounterServer(port));
        Assert.That(starter.Code, Is.Zero, starter.ToString());
        using System.Net.Sockets.TcpClient client = new();
        await client.ConnectAsync(System.Net.IPAddress.Loopback, port); // at once: it is ready
        await client.GetStream().WriteAsync("hello\n"u8.ToArray());
        Assert.That(await new StreamReader(client.GetStream()).ReadLineAsync().WaitAsync(Limits.Wait), Is.EqualTo("1 1 hello"));
        Assert.That(Family.Living(), Has.Count.EqualTo(2), string.Join('\n', Family.Described()));
    }

    private async Task<Ended> RunAsync(IEnumerable<string> options, IEnumerable<string> command)
    {
        using Process starter = AngelHost.Start(Family, Workspace, ["run", .. AngelHost.Common(Workspace), .. options, "--", .. command]);
        Task<string> output = starter.StandardOutput.ReadToEndAsync(), errors = starter.StandardError.ReadToEndAsync();
        await starter.WaitForExitAsync().WaitAsync(Limits.Wait);
        // A daemon has let go of its starter's streams: reading them ends.
        return new Ended(starter.ExitCode, await output.WaitAsync(Limits.Wait), await errors.WaitAsync(Limits.Wait));
    }

    private sealed record Ended(int Code, string Output, string Errors);
}

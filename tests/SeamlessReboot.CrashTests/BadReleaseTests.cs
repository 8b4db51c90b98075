using SeamlessReboot.CrashTests.Load;
using SeamlessReboot.CrashTests.Support;

namespace SeamlessReboot.CrashTests;

/// <summary>A release that does not come up: the one before is started in its place, and everyone is still there.</summary>
internal sealed class BadReleaseTests : CrashTest
{
    private const string Current = "current";
    private const string StartLimit = "5s";

    /// <summary>throw-early is not asked for by reboot: the new version is checked before anyone is suspended.</summary>
    [TestCase("throw", true)]
    [TestCase("throw", false)]
    [TestCase("throw-early", false)]
    [TestCase("hang", true)]
    [TestCase("hang", false)]
    [TestCase("state", true)]
    [TestCase("state", false)]
    [TestCase("sessions", true)]
    [TestCase("sessions", false)]
    public async Task The_fallback_runs_and_everyone_is_still_connected(string fault, bool byReboot)
    {
        AngelHost host = await StartReleaseAsync();
        Swarm swarm = await StartLoadAsync(host);
        await host.CheckpointAsync(swarm);
        await swarm.EveryoneIsServedAsync();
        Deploy(fault);
        int since = host.Transcript.Now;
        Task end = Kernel.EndOf(host.ServerPid);
        Kernel.Send(host.ServerPid, byReboot ? Kernel.Sighup : Kernel.Sigkill);
        await host.DiedAsync(swarm, end); // after a reboot: the bad release
        await host.ReadyAsync(since);
        Assert.That(RunningRelease(host), Is.EqualTo(Workspace.File("v1/CounterServer.dll")));
        Assert.That(host.Ready.Lost, Is.Zero);
        Assert.That(host.Ready.Sessions, Is.GreaterThanOrEqualTo(1000));
        await AssertNobodyNoticedAsync(swarm);
    }

    [Test]
    public async Task Who_deploys_a_good_release_after_a_bad_one_gets_it_and_it_costs_next_to_nothing()
    {
        AngelHost host = await StartReleaseAsync();
        Swarm swarm = await StartLoadAsync(host, new LoadOptions { Clients = 100 }); // each says ten lines a second
        Deploy("throw");
        await host.CheckpointAsync(swarm);
        await host.DieAsync(swarm, () => Send(host.ServerPid, Kernel.Sigkill));
        await swarm.EveryoneIsServedAsync();
        await host.CheckpointAsync(swarm);
        swarm.ForgetForgotten();

        Programs.Release(Programs.CounterServer, Workspace.File("v3"));
        Workspace.Link(Current, "v3");
        await host.DieAsync(swarm, () => Send(host.AngelPid, Kernel.Sighup)); // the fallback is another command: it cannot exec this one
        Assert.That(RunningRelease(host), Is.EqualTo(Workspace.File("current/CounterServer.dll")));
        // The angel kills the fallback at a moment of its own, which may be that of a newcomer.
        LoadReport report = await AssertNobodyNoticedAsync(swarm, resetNewcomers: 1);
        Assert.That(report.MostForgotten, Is.LessThanOrEqualTo(5), "it was asked for, so there was time for a checkpoint, and none need be wasted after it");
    }

    private static Task Send(int pid, int signal)
    {
        Kernel.Send(pid, signal);
        return Task.CompletedTask;
    }

    private async Task<AngelHost> StartReleaseAsync()
    {
        int port = Ports.Free();
        string good = Programs.Release(Programs.CounterServer, Workspace.File("v1"));
        Workspace.Link(Current, "v1");
        IReadOnlyList<string> fallback = CounterServer(port, good);
        return await StartAngelAsync(port,
            ["--fallback", string.Join(' ', fallback), "--fallback-after", "2", "--start-timeout", StartLimit],
            // A whole rehearsal would call the reboot off, and the angel would have nothing to do.
            [.. CounterServer(port, Workspace.File("current/CounterServer.dll")), "--rehearsal", "until-start"]);
    }

    private void Deploy(string fault)
    {
        Programs.Release(Programs.CounterServer, Workspace.File("v2"), fault);
        Workspace.Link(Current, "v2");
    }

    private static string RunningRelease(ServerHost host) =>
        File.ReadAllText($"/proc/{host.ServerPid}/cmdline").Split('\0').First(a => a.EndsWith("CounterServer.dll", StringComparison.Ordinal));
}

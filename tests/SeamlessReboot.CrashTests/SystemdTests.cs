using SeamlessReboot.CrashTests.Load;
using SeamlessReboot.CrashTests.Support;
using SeamlessReboot.CrashTests.Systemd;

namespace SeamlessReboot.CrashTests;

/// <summary>The same under a real systemd with its descriptor store, no angel.</summary>
[Category(TestCategories.Long)]
internal sealed class SystemdTests : CrashTest
{
    [Test]
    public async Task Ten_times_kill_9_under_systemd_and_nobody_is_disconnected()
    {
        SystemdHost host = await StartAsync();
        Swarm swarm = await StartLoadAsync(host);
        for (int i = 1; i <= 10; i++)
        {
            await host.CheckpointAsync(swarm);
            await swarm.EveryoneIsServedAsync();
            await host.DieAsync(swarm, () => Kill(host.ServerPid));
            await swarm.EveryoneIsServedAsync();
        }

        await AssertNobodyNoticedAsync(swarm);
    }

    [TestCase("!failfast")]
    [TestCase("!busy")]
    public async Task What_goes_wrong_in_the_process_is_mended_by_systemd_and_nobody_is_disconnected(string fault)
    {
        SystemdHost host = await StartAsync();
        Swarm swarm = await StartLoadAsync(host);
        await host.CheckpointAsync(swarm);
        await swarm.EveryoneIsServedAsync();
        await host.DieAsync(swarm, () => CommitAsync(host, fault));
        await AssertNobodyNoticedAsync(swarm);
    }

    [Test]
    public async Task A_reboot_by_signal_keeps_the_process_and_systemd_content()
    {
        SystemdHost host = await StartAsync();
        Swarm swarm = await StartLoadAsync(host);
        int pid = host.ServerPid, since = host.Transcript.Now;
        for (int i = 1; i <= 3; i++)
        {
            Kernel.Send(pid, Kernel.Sighup);
            await host.ReadyAsync(since);
            Assert.That(host.ServerPid, Is.EqualTo(pid));
            since = host.Transcript.Now;
        }

        await host.CheckpointAsync(swarm);
        await host.DieAsync(swarm, () => Kill(host.ServerPid)); // what was stored before the reboots is still the right thing
        await AssertNobodyNoticedAsync(swarm);
    }

    private async Task<SystemdHost> StartAsync()
    {
        SystemdHost host = await SystemdHost.StartAsync(Family, Workspace, Ports.Free(), "2s");
        EndWithTest(host);
        return host;
    }

    private static Task Kill(int pid)
    {
        Kernel.Send(pid, Kernel.Sigkill);
        return Task.CompletedTask;
    }
}

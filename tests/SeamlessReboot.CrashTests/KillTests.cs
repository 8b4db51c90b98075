using SeamlessReboot.CrashTests.Load;
using SeamlessReboot.CrashTests.Support;

namespace SeamlessReboot.CrashTests;

/// <summary>Promise 5: what kills a server without asking it costs no connection, and nothing older than the last checkpoint.</summary>
internal sealed class KillTests : CrashTest
{
    private const string Watchdog = "2s";

    [Test]
    [Category(TestCategories.Long)]
    public async Task Ten_times_kill_9_and_nobody_is_disconnected()
    {
        AngelHost host = await StartAngelAsync();
        Swarm swarm = await StartLoadAsync(host);
        for (int i = 1; i <= 10; i++)
        {
            await host.CheckpointAsync(swarm);
            await swarm.EveryoneIsServedAsync(); // each has something that is newer than the checkpoint
            int pid = host.ServerPid;
            await host.DieAsync(swarm, () => KillAsync(pid));
            Assert.That(host.ServerPid, Is.Not.EqualTo(pid));
            await swarm.EveryoneIsServedAsync();
        }

        await AssertNobodyNoticedAsync(swarm);
    }

    [Test]
    public async Task Kill_9_at_once_again_and_again_and_nobody_is_disconnected()
    {
        AngelHost host = await StartAngelAsync();
        Swarm swarm = await StartLoadAsync(host);
        await host.CheckpointAsync(swarm);
        for (int i = 1; i <= 5; i++)
            await host.DieAsync(swarm, () => KillAsync(host.ServerPid)); // the next as soon as it is ready, which is when those who wait are let in
        await AssertNobodyNoticedAsync(swarm, resetNewcomers: 2);
    }

    [TestCase("!failfast")]
    [TestCase("!stackoverflow")]
    [TestCase("!accessviolation")]
    [TestCase("!exit 3")]
    public async Task What_the_runtime_dies_of_disconnects_nobody(string fault)
    {
        AngelHost host = await StartAngelAsync();
        await AssertHarmlessAsync(host, () => CommitAsync(host, fault));
    }

    [Test]
    public async Task A_main_loop_that_hangs_is_ended_by_the_watchdog_and_nobody_is_disconnected()
    {
        AngelHost host = await StartAngelAsync("--watchdog", Watchdog);
        await AssertHarmlessAsync(host, () => CommitAsync(host, "!busy"));
    }

    [Test]
    public async Task A_stopped_server_is_ended_by_the_watchdog_and_nobody_is_disconnected()
    {
        AngelHost host = await StartAngelAsync("--watchdog", Watchdog);
        await AssertHarmlessAsync(host, () =>
        {
            Kernel.Send(host.ServerPid, Kernel.Sigstop);
            return Task.CompletedTask;
        });
    }

    [Test]
    public async Task A_server_that_accepts_and_answers_nobody_is_found_out_by_the_probe_and_nobody_is_disconnected()
    {
        AngelHost host = await StartAngelAsync("--probe", "tcp://127.0.0.1:PORT=hello", "--probe-interval", "500ms", "--probe-timeout", "2s", "--probe-failures", "2");
        await AssertHarmlessAsync(host, () => CommitAsync(host, "!deaf"));
    }

    [Test]
    public async Task An_angel_that_is_process_1_holds_connections_too_and_ends_in_order()
    {
        if (Libc.EffectiveUser() != 0 || !Shell.Has("unshare"))
            Assert.Ignore("Only root may make the namespace in which an angel is process 1.");
        int port = Ports.Free();
        AngelHost host = AngelHost.Launch(Family, Workspace, port, [], CounterServer(port), asFirstProcess: true);
        EndWithTest(host);
        await host.ReadyAsync();
        await AssertHarmlessAsync(host, () => KillAsync(host.ServerPid), clients: 100);
        await host.StopAsync();
        await Limits.UntilAsync(() => Family.Living().Count == 0, "nobody is left");
    }

    private async Task AssertHarmlessAsync(AngelHost host, Func<Task> kill, int clients = 1000)
    {
        Swarm swarm = await StartLoadAsync(host, new LoadOptions { Clients = clients });
        for (int i = 1; i <= 2; i++)
        {
            await host.CheckpointAsync(swarm);
            await swarm.EveryoneIsServedAsync();
            await host.DieAsync(swarm, kill);
            Assert.That(host.Ready.Lost, Is.Zero);
            await swarm.EveryoneIsServedAsync();
        }

        await AssertNobodyNoticedAsync(swarm);
    }

    private static Task KillAsync(int pid)
    {
        Kernel.Send(pid, Kernel.Sigkill);
        return Task.CompletedTask;
    }
}

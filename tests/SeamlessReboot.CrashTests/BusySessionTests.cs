using System.Globalization;
using SeamlessReboot.CrashTests.Load;
using SeamlessReboot.CrashTests.Support;

namespace SeamlessReboot.CrashTests;

/// <summary>One session is always at work, and reads for an instant in between. Nobody else waits for a reboot that does not come for its sake.</summary>
internal sealed class BusySessionTests : CrashTest
{
    private static readonly TimeSpan _freezeLimit = TimeSpan.FromMilliseconds(250); // the library's default

    [Test]
    public Task Five_reboots_beside_a_busy_session() => RebootAsync(5, work: 1.2, suspendTimeout: 0.6);

    [Test]
    [Category(TestCategories.Long)]
    public Task Fifty_reboots_beside_a_busy_session() => RebootAsync(50, work: 3, suspendTimeout: 1);

    /// <param name="times">How many reboots, each asked for when the one before is over.</param>
    /// <param name="work">Seconds that the session is at work.</param>
    /// <param name="suspendTimeout">Seconds: less than that, so that some of the reboots come about and some are called off.</param>
    private async Task RebootAsync(int times, double work, double suspendTimeout)
    {
        int port = Ports.Free();
        BareHost host = await StartBareAsync(port, [.. CounterServer(port), "--suspend-timeout", suspendTimeout.ToString(CultureInfo.InvariantCulture)]);
        Swarm swarm = await StartLoadAsync(host, new LoadOptions { NewcomersPerSecond = 0 });
        await using Worker worker = await Worker.StartAsync(host.EndPoint, TimeSpan.FromSeconds(work));
        TimeSpan usual = await UsualAsync(host, swarm, times: 3), worst = TimeSpan.Zero, longestOver = TimeSpan.MinValue;
        int completed = 0, calledOff = 0;
        for (int i = 1; i <= times; i++)
        {
            int since = host.Transcript.Now;
            Kernel.Send(host.ServerPid, Kernel.Sighup);
            ServerEvent over = await host.Transcript.EventAsync(e => e.Name is "ready" or "called-off", "the end of the reboot", since);
            await swarm.EveryoneIsServedAsync();
            TimeSpan slowest = swarm.TakeSlowest(), allowed = _freezeLimit + TimeSpan.FromMilliseconds(over.PauseMilliseconds);
            if (over.Name == "ready")
            {
                completed++;
                Assert.That((over.Sessions, over.Lost), Is.EqualTo((1001, 0)), over.ToString());
            }
            else
            {
                calledOff++;
                Assert.That(over.Text("message"), Does.Match("Not at a safe point after [0-9.]+ s: session 1001\\."));
                Assert.That(over.Text("late"), Does.Contain("session 1001"));
            }

            worst = slowest > worst ? slowest : worst;
            longestOver = slowest - allowed > longestOver ? slowest - allowed : longestOver;
            // A machine that is slow is so after the pause too, when the new image gives its first answers.
            Assert.That(slowest, Is.LessThan(allowed + usual + TimeSpan.FromMilliseconds(over.PauseMilliseconds / 2)), $"reboot {i}: {over}");
        }

        await TestContext.Out.WriteLineAsync($"{times} reboots beside a session at work: {completed} completed, {calledOff} called off; longest wait of any other {worst.TotalMilliseconds:0} ms, "
            + $"at the most {longestOver.TotalMilliseconds:0} ms over FreezeLimit and pause together; without reboots {usual.TotalMilliseconds:0} ms; {worker.Done} pieces of work done");
        Assert.Multiple(() =>
        {
            Assert.That(worker.Failure, Is.Null);
            Assert.That(completed + calledOff, Is.EqualTo(times));
        });
        await AssertNobodyNoticedAsync(swarm);
    }

    /// <summary>The longest that anybody waits on this machine while a server beside starts up, as the rehearsal does.</summary>
    private async Task<TimeSpan> UsualAsync(BareHost host, Swarm swarm, int times)
    {
        swarm.TakeSlowest();
        for (int i = 0; i < times; i++)
        {
            await using BareHost beside = await BareHost.StartAsync(new Family(), Workspace, Ports.Free(), [Programs.Dotnet, Programs.CounterServer, "--spool", Workspace.File("beside")]);
            await swarm.EveryoneIsServedAsync();
        }

        Assert.That(host.HasEnded, Is.False);
        return swarm.TakeSlowest();
    }
}

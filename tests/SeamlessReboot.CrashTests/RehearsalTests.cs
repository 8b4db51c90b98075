using System.Text.RegularExpressions;
using SeamlessReboot.CrashTests.Load;
using SeamlessReboot.CrashTests.Support;

namespace SeamlessReboot.CrashTests;

/// <summary>
/// Releases that fail between their first line and the end of Ready, each deployed by flipping a link, with nobody above the server. Tried
/// beforehand they disturb nobody; not tried they cost a pause, and the release before comes back with everyone.
/// </summary>
internal sealed class RehearsalTests : CrashTest
{
    private const string Current = "current", Unreadable = "This release cannot read what the one before has written.";
    private static readonly TimeSpan _longestHold = TimeSpan.FromSeconds(0.3);

    /// <summary>One after the other, with the same clients: a load takes seconds to come.</summary>
    private static readonly (string Fault, string[] Words)[] _afterStart =
    [
        ("throw", ["InvalidOperationException: This release is broken."]),
        ("container", ["The world file 'world.json' is not there."]),
        ("state", ["The system state 'last-id'", Unreadable]),
        ("session", [" 1 of 1000 sessions", "ession 1: ", Unreadable]),
        ("sessions", [" 1000 of 1000 sessions", "ession 1: ", Unreadable]),
        ("hang", ["still not at the end of Ready after 3 s"]),
        ("exit", [" ended with exit code 0"]),
    ];

    private static readonly (string Fault, string[] Words) _beforeStart = ("throw-early", ["before Rebooter.Start", "This release is broken."]);
    private int _releases;

    [Test]
    public async Task A_release_that_fails_its_rehearsal_is_called_off_and_nobody_notices()
    {
        (BareHost host, Swarm swarm) = await StartAsync("until-ready");
        foreach ((string fault, string[] words) in (IEnumerable<(string, string[])>)[.. _afterStart, _beforeStart])
        {
            swarm.TakeSlowest();
            await swarm.EveryoneIsServedAsync();
            TimeSpan usual = swarm.TakeSlowest();
            Deploy(fault);
            ServerEvent calledOff = await host.RebootInVainAsync();
            await swarm.EveryoneIsServedAsync();
            await TestContext.Out.WriteLineAsync($"{fault}: everyone held still for {calledOff.PauseMilliseconds} ms, longest wait of a client {swarm.TakeSlowest().TotalMilliseconds:0} ms, "
                + $"without a reboot {usual.TotalMilliseconds:0} ms: {calledOff.Text("message")}");
            Assert.Multiple(() =>
            {
                Assert.That((calledOff.Text("stage"), calledOff.Generation), Is.EqualTo(("Rehearse", 0)), fault);
                // By the server's own clock. What a slow machine adds to that, it adds to any answer.
                Assert.That(calledOff.PauseMilliseconds, Is.Positive.And.LessThan((_longestHold + usual).TotalMilliseconds), fault);
                AssertNamed(host, calledOff, words);
            });
        }

        await AssertGoodReleaseIsTakenAsync(host, swarm, generation: 1);
        await AssertNobodyNoticedAsync(swarm);
    }

    [Test]
    public async Task Without_a_rehearsal_the_release_before_comes_back_with_everyone()
    {
        (BareHost host, Swarm swarm) = await StartAsync("none");
        int generation = 0;
        foreach ((string fault, string[] words) in _afterStart)
        {
            string before = RunningRelease(host);
            Deploy(fault);
            int since = host.Transcript.Now;
            ServerEvent calledOff = await host.RebootInVainAsync();
            ServerEvent ready = await host.ReadyAsync(since);
            await TestContext.Out.WriteLineAsync($"{fault}: back after a pause of {ready.PauseMilliseconds} ms: {calledOff.Text("message")}");
            Assert.Multiple(() =>
            {
                Assert.That((calledOff.Text("stage"), calledOff.Generation), Is.EqualTo(("Start", ++generation)), fault);
                Assert.That((ready.Generation, ready.Sessions, ready.Lost), Is.EqualTo((generation, 1000, 0)), fault);
                Assert.That(RunningRelease(host), Is.EqualTo(before), fault);
                AssertNamed(host, calledOff, words);
            });
            await swarm.EveryoneIsServedAsync();
            await AssertGoodReleaseIsTakenAsync(host, swarm, ++generation);
        }

        await AssertNobodyNoticedAsync(swarm);
    }

    /// <summary>Before Start nothing of the library runs in the new image, so nothing leads back. A short rehearsal finds it out.</summary>
    [Test]
    public async Task A_release_that_dies_before_Start_is_called_off_by_a_rehearsal_until_Start()
    {
        (BareHost host, Swarm swarm) = await StartAsync("until-start");
        Deploy(_beforeStart.Fault);
        ServerEvent calledOff = await host.RebootInVainAsync();
        Assert.Multiple(() =>
        {
            Assert.That((calledOff.Text("stage"), calledOff.PauseMilliseconds), Is.EqualTo(("Rehearse", 0.0)), "without state nobody is held still");
            AssertNamed(host, calledOff, _beforeStart.Words);
        });
        await AssertGoodReleaseIsTakenAsync(host, swarm, generation: 1);
        await AssertNobodyNoticedAsync(swarm);
    }

    private async Task<(BareHost Host, Swarm Swarm)> StartAsync(string rehearsal)
    {
        Deploy(fault: null);
        int port = Ports.Free();
        BareHost host = await StartBareAsync(port, [.. CounterServer(port, Workspace.File("current/CounterServer.dll")), "--rehearsal", rehearsal, "--ready-timeout", "3"]);
        return (host, await StartLoadAsync(host, new LoadOptions { NewcomersPerSecond = 0 })); // exactly a thousand
    }

    private string Deploy(string? fault)
    {
        string release = $"v{++_releases}";
        string assembly = Programs.Release(Programs.CounterServer, Workspace.File(release), fault);
        Workspace.Link(Current, release);
        return assembly;
    }

    private async Task AssertGoodReleaseIsTakenAsync(BareHost host, Swarm swarm, int generation)
    {
        string good = Deploy(fault: null);
        ServerEvent ready = await host.RebootAsync();
        Assert.Multiple(() =>
        {
            Assert.That((ready.Generation, ready.Sessions, ready.Lost), Is.EqualTo((generation, 1000, 0)));
            Assert.That(RunningRelease(host), Is.EqualTo(good), "the release that the link leads to");
        });
        await swarm.EveryoneIsServedAsync();
    }

    private static void AssertNamed(BareHost host, ServerEvent calledOff, string[] words)
    {
        foreach (string word in words)
        {
            Assert.That(calledOff.Text("message"), Does.Contain(word));
            Assert.That(host.Transcript.Text, Does.Match($@"(?s)Error: Reboot called off \(signal SIGHUP\): .*{Regex.Escape(word)}"), "the log says it");
        }
    }

    /// <summary>By what the process has mapped: its arguments may lead through the link.</summary>
    private static string RunningRelease(BareHost host) =>
        File.ReadLines($"/proc/{host.ServerPid}/maps").First(l => l.EndsWith("/CounterServer.dll", StringComparison.Ordinal)).Split(' ', 6, StringSplitOptions.RemoveEmptyEntries)[^1];
}

using System.Diagnostics;
using System.Globalization;
using SeamlessReboot.CrashTests.Load;
using SeamlessReboot.CrashTests.Support;

namespace SeamlessReboot.CrashTests;

/// <summary>Holding ten thousand connections costs next to nothing, and the angel can be replaced under them.</summary>
[Category(TestCategories.Long)]
internal sealed class AngelLoadTests : CrashTest
{
    private const int Many = 10_000, Needed = 11_000;
    private static readonly TimeSpan _idle = TimeSpan.FromSeconds(10);

    [Test]
    public async Task Ten_thousand_connections_and_a_new_angel_and_nobody_notices()
    {
        if (DescriptorLimit() < Needed)
            Assert.Ignore($"A process may have only {DescriptorLimit()} descriptors here (ulimit -n); this needs {Needed}.");
        AngelHost host = await StartAngelAsync();
        await TestContext.Out.WriteLineAsync($"The angel with no connections: {ProcessLoad.Megabytes(host.AngelPid)} MB");
        Swarm swarm = await StartLoadAsync(host, new LoadOptions { Clients = Many, NewcomersLater = true, AnswerTimeout = TimeSpan.FromSeconds(5) });
        await Limits.UntilAsync(() => Held(host) >= Many, "the angel holds a descriptor of each");
        await PrintIdleAsync(host);

        swarm.LetNewcomersCome();
        byte[] image = Image(host);
        Kernel.Send(host.AngelPid, Kernel.Sigusr2);
        await Limits.UntilAsync(() => !Image(host).AsSpan().SequenceEqual(image), "another image of the angel runs in its process");
        await AssertAliveAsync(host);
        await swarm.EveryoneIsServedAsync();
        Assert.That(Held(host), Is.GreaterThanOrEqualTo(Many));
        await PrintIdleAsync(host);

        // The new one is as good as the old one.
        await host.CheckpointAsync(swarm);
        await host.DieAsync(swarm, () =>
        {
            Kernel.Send(host.ServerPid, Kernel.Sigkill);
            return Task.CompletedTask;
        });
        await AssertNobodyNoticedAsync(swarm);
    }

    private static async Task PrintIdleAsync(AngelHost host)
    {
        TimeSpan before = ProcessLoad.Processor(host.AngelPid);
        await Task.Delay(_idle); // what is measured
        TimeSpan spent = ProcessLoad.Processor(host.AngelPid) - before;
        await TestContext.Out.WriteLineAsync($"The angel holding {Held(host)} sockets: {ProcessLoad.Megabytes(host.AngelPid)} MB, "
            + string.Create(CultureInfo.InvariantCulture, $"{100 * spent / _idle:0.00} % of a processor over {_idle.TotalSeconds:0} s"));
    }

    private async Task AssertAliveAsync(AngelHost host)
    {
        using CancellationTokenSource overdue = new(Limits.Wait);
        using Process status = AngelHost.Start(Family, Workspace, ["status", .. AngelHost.Names(Workspace)]);
        Task<string> said = status.StandardOutput.ReadToEndAsync(overdue.Token), errors = status.StandardError.ReadToEndAsync(overdue.Token);
        await status.WaitForExitAsync(overdue.Token);
        Assert.That(status.ExitCode, Is.Zero, $"{await said}{await errors}\n{host.Describe()}");
    }

    private static int Held(AngelHost host) =>
        new ProcInfo(host.AngelPid).Descriptors().Values.Count(d => d.StartsWith("socket:", StringComparison.Ordinal));

    // The kernel gives each exec other addresses.
    private static byte[] Image(AngelHost host) => File.ReadAllBytes($"/proc/{host.AngelPid}/auxv");

    private static int DescriptorLimit()
    {
        string[] words = File.ReadLines("/proc/self/limits").First(l => l.StartsWith("Max open files", StringComparison.Ordinal))
            .Split(' ', StringSplitOptions.RemoveEmptyEntries);
        return int.TryParse(words[4], out int hard) ? hard : int.MaxValue;
    }
}

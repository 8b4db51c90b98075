using System.Globalization;
using SeamlessReboot.ProcessTests.Helpers;

namespace SeamlessReboot.ProcessTests;

/// <summary>What goes on in a server beside its sessions' own work, and does not ask whether a reboot is under way.</summary>
internal sealed class LivelyServerTests : ProcessTest
{
    [Test]
    public async Task Timers_that_write_to_everyone_cost_nothing()
    {
        ServerProcess server = await StartAsync();
        List<Client> clients = await ConnectAsync(server, 8);
        double without = PauseOf(await server.RebootAsync()), longest = 0;
        using CancellationTokenSource stopping = new();
        Task reading = Task.WhenAll(clients.Select(c => c.DiscardAsync(stopping.Token)));
        for (int i = 0; i < 3; i++)
        {
            await clients[i].SendAsync("!tick 30\n"); // a reboot ends those before
            await Limits.UntilAsync(() => clients.TrueForAll(c => c.Discarded > (i + 1) * 10_000), "everyone is told very often");
            longest = Math.Max(longest, PauseOf(await server.RebootAsync()));
        }

        await stopping.CancelAsync();
        await reading;
        await TestContext.Out.WriteLineAsync(string.Create(CultureInfo.InvariantCulture, $"paused {without:0} ms without the timers, at most {longest:0} ms with them"));
        Assert.That(longest, Is.LessThan((4 * without) + 1500), "each of the writes that waited took half a second");
    }

    [TestCase("")]
    [TestCase("--check")]
    public async Task Sessions_that_close_themselves_and_go_on_hinder_no_reboot(string option)
    {
        ServerProcess server = await StartAsync([.. new[] { option }.Where(o => o.Length > 0)]);
        List<Client> clients = await ConnectAsync(server, 2);
        using CancellationTokenSource stopping = new();
        Task[] coming = [.. Enumerable.Range(0, 8).Select(_ => ComeAndLeaveAsync(server, stopping.Token))];
        for (int i = 0; i < 4; i++)
        {
            await server.RebootAsync();
            await SayAllAsync(clients, "served");
        }

        await stopping.CancelAsync();
        await Task.WhenAll(coming);
        Assert.That(server.Logs("CalledOff"), Is.Empty);
    }

    private static async Task ComeAndLeaveAsync(ServerProcess server, CancellationToken stopping)
    {
        while (!stopping.IsCancellationRequested)
        {
            using Client client = await Client.ConnectAsync(server.EndPoint);
            await client.SayAsync("hello");
            await client.SendAsync("!leave\n");
            Assert.That(await client.ReadToEndAsync(), Is.EqualTo("bye\n"));
        }
    }

    private static double PauseOf(ServerEvent ready) => ready.Number("pause");
}

using SeamlessReboot.ProcessTests.Helpers;

namespace SeamlessReboot.ProcessTests;

/// <summary>Nothing grows, and nothing is left over, from one generation to the next.</summary>
internal sealed class ManyRebootsTests : ProcessTest
{
    [TestCase(30)]
    [TestCase(200, Category = TestCategories.Long)]
    public async Task Reboots_in_a_row_keep_the_PID_and_the_number_of_descriptors(int count)
    {
        const int First = 10;
        ServerProcess server = await StartAsync();
        List<Client> clients = await ConnectAsync(server, 5);
        int descriptors = 0;
        for (int i = 1; i <= count; i++)
        {
            ServerEvent ready = await server.RebootAsync();
            Assert.That(ready.Number("pid"), Is.EqualTo(server.Pid));
            Assert.That(ready.Number("sessions"), Is.EqualTo(clients.Count));
            await clients[i % clients.Count].SayAsync($"generation {i}");
            Assert.That(SpoolFiles(), Is.Empty);
            if (i <= First)
                descriptors = Math.Max(descriptors, server.DescriptorCount());
        }

        await Limits.UntilAsync(() => server.DescriptorCount() <= descriptors, $"no more than {descriptors} descriptors");
        await SayAllAsync(clients, "the end");
    }

    [Test]
    public async Task SIGHUP_reboots_fifty_times_and_not_only_once()
    {
        ServerProcess server = await StartAsync();
        Client client = await ConnectAsync(server);
        for (int i = 1; i <= 50; i++)
        {
            await server.RebootAsync();
            await client.SayAsync($"after SIGHUP {i}");
        }
    }

    [Test]
    public async Task A_SIGHUP_that_comes_while_the_server_is_away_is_heard_after()
    {
        (ServerProcess server, Gap gap) = await StartWithGapAsync();
        Client client = await ConnectAsync(server);
        await client.SayAsync("hello");
        server.Send(Signal.Hup);
        await gap.EnterAsync();
        server.Send(Signal.Hup);
        await gap.LeaveAsync();
        await gap.EnterAsync();
        await gap.LeaveAsync();
        await server.ReadyAsync(2);
        await client.SayAsync("two reboots later");
    }

    [Test]
    public async Task A_second_request_during_a_reboot_is_refused_and_harms_nobody()
    {
        ServerProcess server = await StartAsync();
        List<Client> clients = await ConnectAsync(server, 3);
        Hold hold = await Hold.BeginAsync(Workspace, clients[0]);
        Assert.That(await clients[2].AskAsync($"!tell-late {clients[1].Id} psst"), Is.EqualTo("waiting"));
        server.Send(Signal.Hup);
        await server.EventAsync(e => e.Name == "suspending", "suspending");
        server.Send(Signal.Hup);
        Assert.That((await server.LogAsync("Refused")).Message, Does.Contain("under way already"));
        Task<ServerEvent> ready = server.ReadyAsync(1);
        await hold.ReleaseAsync();
        await ready;
        await clients[1].ExpectAsync("psst\n");
        await clients[2].ExpectAsync("told\n");
        await SayAllAsync(clients, "as before");
    }

    [Test]
    public async Task Bursts_of_SIGHUP_are_survived()
    {
        ServerProcess server = await StartAsync();
        Client client = await ConnectAsync(server);
        for (int burst = 0; burst < 5; burst++)
        {
            for (int i = 0; i < 50; i++)
            {
                server.Send(Signal.Hup);
                if (i % 10 == 9)
                    await client.SayAsync($"signal {i} of burst {burst}");
            }

            await server.ReadyAsync();
            await client.SayAsync($"after burst {burst}");
        }

        await AwaitOneMoreAsync(server);
        await client.SayAsync("the end");
    }

    // Others may be under way or pending still, which refuses or swallows one: so ask until it comes.
    private static async Task AwaitOneMoreAsync(ServerProcess server)
    {
        int since = server.Now;
        Task<ServerEvent> ready = server.EventAsync(e => e.Name == "ready", "one more reboot", since);
        while (!ready.IsCompleted)
        {
            server.Send(Signal.Hup);
            await Task.WhenAny(ready, Task.Delay(500));
        }

        await ready;
    }
}

using SeamlessReboot.ProcessTests.Helpers;

namespace SeamlessReboot.ProcessTests;

/// <summary>A server that has all the descriptors it may have serves those who are connected, and can be rebooted.</summary>
internal sealed class DescriptorLimitTests : ProcessTest
{
    private const int Limit = 320;

    [Test]
    [CancelAfter(120_000)]
    public async Task Who_finds_no_room_waits_until_somebody_leaves()
    {
        ServerProcess server = await StartLimitedAsync();
        (List<Client> clients, Client waiting) = await FillAsync(server);
        await SayAllAsync(clients[..5], "served on");
        Assert.That(server.Logs("AcceptFailed").Single().Message, Does.Contain("nearly as many open files as it may have").And.Contain("LimitNOFILE="));
        foreach (Client leaving in clients[..20])
            leaving.Dispose();
        await waiting.ExpectAnswerAsync("hello");
        await server.LogAsync("AcceptsAgain");
        Client other = await ConnectAsync(server);
        await other.SayAsync("hello");
        await SayAllAsync(clients[20..], "all the time");
    }

    [TestCase("")]
    [TestCase("--check")]
    [CancelAfter(120_000)]
    public async Task A_reboot_finds_room_for_its_files_and_pipes(string rehearsal)
    {
        ServerProcess server = await StartLimitedAsync(rehearsal);
        (List<Client> clients, Client waiting) = await FillAsync(server);
        await server.RebootAsync();
        await SayAllAsync(clients, "after the reboot");
        Assert.That(server.Logs("RehearsalInconclusive"), Is.Empty);
        foreach (Client leaving in clients[..20])
            leaving.Dispose();
        await waiting.ExpectAnswerAsync("hello");
    }

    [Test]
    [CancelAfter(120_000)]
    public async Task A_reboot_that_is_called_off_takes_its_room_again()
    {
        ServerProcess server = await StartLimitedAsync();
        (List<Client> clients, _) = await FillAsync(server);
        await clients[0].AskAsync("!flush throw");
        for (int i = 0; i < 3; i++)
        {
            await server.RebootInVainAsync();
            await SayAllAsync(clients, "as before");
        }

        await clients[0].AskAsync("!flush ok");
        await server.RebootAsync();
        await SayAllAsync(clients, "after the reboot");
    }

    [Test]
    [CancelAfter(120_000)]
    public async Task A_crash_reboots_with_everyone()
    {
        ServerProcess server = await StartLimitedAsync();
        (List<Client> clients, _) = await FillAsync(server);
        await clients[0].SendAsync("!crash-thread\n");
        await server.ReadyAsync(1);
        Assert.That(server.Ready.Lost, Is.Empty);
        await SayAllAsync(clients[1..], "after the crash");
    }

    private Task<ServerProcess> StartLimitedAsync(string argument = "") =>
        StartByShellAsync($"ulimit -n {Limit} && exec dotnet '{Builds.Server}' --spool '{Workspace.Spool}' {argument}");

    /// <summary>Connects clients until one is not let in any more, which waits from then on for the answer to "hello".</summary>
    private async Task<(List<Client> Served, Client Waiting)> FillAsync(ServerProcess server)
    {
        List<Client> served = [];
        Task refused = server.LogAsync("AcceptFailed");
        while (true)
        {
            Client client = await ConnectAsync(server);
            await client.SendAsync("hello\n");
            Task answered = client.WaitForInputAsync();
            if (await Task.WhenAny(answered, refused) == refused && !answered.IsCompleted)
                return (served, client);
            await client.ExpectAnswerAsync("hello");
            served.Add(client);
            Assert.That(served, Has.Count.LessThan(Limit));
        }
    }
}

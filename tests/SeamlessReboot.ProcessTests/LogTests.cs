using SeamlessReboot.ProcessTests.Helpers;

namespace SeamlessReboot.ProcessTests;

/// <summary>A log that has nowhere to go, and exceptions that a log has trouble with, end neither a reboot nor the server.</summary>
internal sealed class LogTests : ProcessTest
{
    private const string Full = "/dev/full"; // the kernel's own full disk: every write fails with ENOSPC

    [TestCase("")]
    [TestCase("--check")]
    public async Task With_a_full_disk_under_the_log_it_reboots(string option)
    {
        (ServerProcess server, List<Client> clients) = await StartLoggingAsync(option);
        for (int i = 0; i < 2; i++)
        {
            await server.RebootAsync();
            await SayAllAsync(clients, "served");
        }
    }

    [Test]
    public async Task With_a_full_disk_under_the_log_a_reboot_is_called_off()
    {
        (ServerProcess server, List<Client> clients) = await StartLoggingAsync();
        Assert.That(await clients[0].AskAsync("!flush throw"), Is.EqualTo("0"));
        await server.RebootInVainAsync();
        await SayAllAsync(clients, "served");
        Assert.That(await clients[0].AskAsync("!flush ok"), Is.EqualTo("1"), "it was asked, and threw");
        await server.RebootAsync();
        await SayAllAsync(clients, "served");
    }

    [Test]
    public async Task With_a_full_disk_under_the_log_a_crash_reboots()
    {
        (ServerProcess server, List<Client> clients) = await StartLoggingAsync();
        Assert.That(await clients[0].AskAsync("!crash-thread"), Is.EqualTo("crashing"));
        await server.ReadyAsync();
        await SayAllAsync(clients, "served");
    }

    [Test]
    public async Task With_a_full_disk_under_the_log_a_session_that_throws_ends_alone()
    {
        (_, List<Client> clients) = await StartLoggingAsync();
        await clients[0].SendAsync("!throw\n");
        Assert.That(await clients[0].ReadToEndAsync(), Is.Empty);
        await SayAllAsync(clients.Skip(1), "served");
    }

    [TestCase("long")]
    [TestCase("unreadable")]
    [TestCase("silent")]
    public async Task An_exception_that_a_log_has_trouble_with_reboots_as_any_other(string which)
    {
        ServerProcess server = await StartAsync();
        List<Client> clients = await ConnectAsync(server, 3);
        Assert.That(await clients[0].AskAsync("!crash-with " + which), Is.EqualTo("crashing"));
        ServerEvent ready = await server.ReadyAsync();
        Assert.That((ready.Generation, ready.Flag("afterCrash"), ready.Text("reason").Length < 3000), Is.EqualTo((1, true, true)));
        await SayAllAsync(clients, "served");
    }

    private async Task<(ServerProcess Server, List<Client> Clients)> StartLoggingAsync(params string[] options)
    {
        ServerProcess server = await StartAsync([.. options.Where(o => o.Length > 0), "--log-file", Full]);
        return (server, await ConnectAsync(server, 3));
    }
}

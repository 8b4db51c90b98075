using SeamlessReboot.ProcessTests.Helpers;

namespace SeamlessReboot.ProcessTests;

/// <summary>What the application keeps, and the order of its sessions, come back as they were.</summary>
internal sealed class SystemStateTests : ProcessTest
{
    [Test]
    public async Task Session_order_and_kept_state_come_back()
    {
        ServerProcess server = await StartAsync();
        List<Client> clients = await ConnectAsync(server, 12);
        Assert.That(await clients[0].AskAsync("!chronicle founded"), Is.EqualTo("founded"));
        clients[4].Dispose();
        string roster = string.Join(',', clients.Where((_, i) => i != 4).Select(c => c.Id));
        await AwaitRosterAsync(clients[0], roster);
        for (int i = 1; i <= 3; i++)
        {
            await server.RebootAsync();
            Assert.That(await clients[11].AskAsync("!roster"), Is.EqualTo(roster));
            Assert.That(await clients[11].AskAsync($"!chronicle reboot{i}"), Does.StartWith("founded").And.EndsWith($",reboot{i}"));
        }

        Client late = await ConnectAsync(server);
        await late.SayAsync("hello");
        Assert.That(late.Id, Is.EqualTo(13), "a number is not given twice");
    }

    [Test]
    public async Task Who_sits_at_the_password_prompt_is_still_there_and_not_logged_in()
    {
        ServerProcess server = await StartAsync("--kind", "login");
        Client inside = await LogInAsync(server, "ann"), atName = await ConnectAsync(server), atPassword = await ConnectAsync(server),
            halfTyped = await ConnectAsync(server);
        await atName.ExpectAsync("name: ");
        await atName.SendAsync("ca");
        await atPassword.ExpectAsync("name: ");
        await atPassword.SendAsync("bob\n");
        await atPassword.ExpectAsync("password: ");
        await halfTyped.ExpectAsync("name: ");
        await halfTyped.SendAsync("dan\n");
        await halfTyped.ExpectAsync("password: ");
        await halfTyped.SendAsync("sec");
        for (int i = 0; i < 2; i++)
        {
            await server.RebootAsync();
            Assert.That(server.Ready.Number("sessions"), Is.EqualTo(4));
            Assert.That(await inside.AskAsync("who"), Is.EqualTo("inside: ann"), "nobody is logged in by a reboot");
        }

        await halfTyped.SendAsync("ret\n");
        await halfTyped.ExpectAsync("welcome dan\n");
        await atPassword.SendAsync("wrong\n");
        await atPassword.ExpectAsync("wrong\nname: ");
        await atName.SendAsync("rl\n");
        await atName.ExpectAsync("password: ");
        await atName.SendAsync("secret\n");
        await atName.ExpectAsync("welcome carl\n");
        Assert.That(await inside.AskAsync("who"), Is.EqualTo("inside: ann,carl,dan"));
    }

    private async Task<Client> LogInAsync(ServerProcess server, string name)
    {
        Client client = await ConnectAsync(server);
        await client.ExpectAsync("name: ");
        await client.SendAsync(name + "\n");
        await client.ExpectAsync("password: ");
        await client.SendAsync("secret\n");
        await client.ExpectAsync($"welcome {name}\n");
        return client;
    }

    private static async Task AwaitRosterAsync(Client client, string roster)
    {
        using CancellationTokenSource overdue = new(Limits.Wait);
        while (await client.AskAsync("!roster") != roster && !overdue.IsCancellationRequested)
            await Task.Delay(10, CancellationToken.None);
        Assert.That(await client.AskAsync("!roster"), Is.EqualTo(roster));
    }
}

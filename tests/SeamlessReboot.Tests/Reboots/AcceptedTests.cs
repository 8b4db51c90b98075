using System.Net.Sockets;
using SeamlessReboot.Posix;
using SeamlessReboot.Spool;
using SeamlessReboot.Tests.Support;

namespace SeamlessReboot.Tests.Reboots;

/// <summary>Who was accepted and is no session.</summary>
internal sealed class AcceptedTests : RebooterFixture
{
    [TestCase(true)]
    [TestCase(false)]
    public async Task Who_was_spoken_to_and_never_added_is_not_accepted_again(bool byServer)
    {
        Image image = New().Register();
        image.Rebooter.Ready();
        Client client = Connect(image);
        Socket accepted = await image.Rebooter.AcceptAsync(image.Listener!).Within();
        await SpeakAsync(accepted, client, byServer);
        Image next = Next(await image.RebootAsync()).Register().Serve();
        await client.HearsTheEndAsync(); // without a farewell: what is spoken here is the application's own
        Assert.That(next.Rebooter.SessionCount, Is.Zero);
        Assert.That(next.Log.Has("1 clients of tcp:127.0.0.1:0 were accepted and spoken to, and never added"));
    }

    [Test]
    public async Task Who_is_spoken_to_after_all_was_written_down_is_not_accepted_again()
    {
        Image image = New().Register();
        image.Rebooter.Ready();
        Client client = Connect(image);
        Socket accepted = await image.Rebooter.AcceptAsync(image.Listener!).Within();
        Legacy legacy = await image.RebootAsync();
        await SpeakAsync(accepted, client, byServer: true);
        Image next = Next(legacy).Register().Serve();
        await client.HearsTheEndAsync();
        Assert.That(next.Log.Has("never added"));
    }

    [TestCase(true)]
    [TestCase(false)]
    public async Task On_a_unix_socket_who_was_spoken_to_is_known_too(bool isSpokenTo)
    {
        UnixDomainSocketEndPoint name = new(Temp["s"]);
        Image image = New();
        Socket listener = image.Rebooter.Listen(name);
        image.Rebooter.Ready();
        Client client = Ends(new Client(name));
        Socket accepted = await image.Rebooter.AcceptAsync(listener).Within();
        if (isSpokenTo)
            await SpeakAsync(accepted, client, byServer: true);
        Image next = Next(await image.RebootAsync());
        listener = next.Rebooter.Listen(name);
        next.Rebooter.Ready();
        Task<Socket> again = next.Rebooter.AcceptAsync(listener).AsTask();
        if (isSpokenTo)
            await client.HearsTheEndAsync();
        else
            Ends(await again.Within());
        Assert.That(again.IsCompleted, Is.Not.EqualTo(isSpokenTo));
    }

    [Test]
    public async Task Who_is_turned_away_while_all_is_written_down_calls_nothing_off()
    {
        List<Socket> accepted = [];
        Image image = New(Options(flush: _ =>
        {
            accepted.ForEach(s => s.Dispose());
            return ValueTask.CompletedTask;
        })).Register();
        image.Rebooter.Ready();
        List<Client> clients = [.. Enumerable.Range(0, 5).Select(_ => Connect(image))];
        for (int i = 0; i < clients.Count; i++)
            accepted.Add(await image.Rebooter.AcceptAsync(image.Listener!).Within());
        foreach ((Client client, int i) in clients.Select((c, i) => (c, i)))
            await SpeakAsync(accepted[i], client, byServer: true);
        Legacy legacy = await image.RebootAsync();
        Assert.That(legacy.Records.Count(r => r.Kind == SpoolRecordKind.Farewell), Is.EqualTo(5));
        Image next = Next(legacy).Register().Serve();
        foreach (Client client in clients)
            await client.HearsTheEndAsync();
        Assert.That(next.Log.Has("is not the one that was recorded"), Is.False);
    }

    [Test]
    public async Task A_reboot_that_is_called_off_leaves_them_alone()
    {
        Image image = New().Register();
        image.Rebooter.Ready();
        Client client = Connect(image);
        Socket accepted = await image.Rebooter.AcceptAsync(image.Listener!).Within();
        await SpeakAsync(accepted, client, byServer: true);
        image.Process.OnExecute = _ => throw new IOException("refused");
        for (int i = 0; i < 3; i++)
            await CalledOffAsync(image);
        string what = Fd.Describe((int)accepted.Handle);
        Assert.That(Fd.ListOpen()!.Count(fd => Fd.Describe(fd) == what), Is.EqualTo(1), "The duplicates are closed again.");
        await SpeakAsync(accepted, client, byServer: true);
        accepted.Dispose();
        await client.HearsTheEndAsync();
    }

    private static async Task SpeakAsync(Socket accepted, Client client, bool byServer)
    {
        if (byServer)
        {
            await accepted.SendAsync("welcome\n"u8.ToArray());
            await client.HearAsync("welcome\n");
        }
        else
        {
            client.Say("hello\n");
            Assert.That(await accepted.ReceiveAsync(new byte[100]).Within(), Is.EqualTo(6));
        }
    }
}

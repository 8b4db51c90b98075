using System.Net.Sockets;
using SeamlessReboot.Posix;
using SeamlessReboot.Tests.Support;

namespace SeamlessReboot.Tests.Reboots;

/// <summary>Clients that are served by the application itself and end with its process.</summary>
internal sealed class NotCarriedTests : RebooterFixture
{
    private static readonly byte[] _goodbye = "ERROR :Restart\r\n"u8.ToArray();

    [Test]
    public async Task It_is_told_its_own_farewell_by_the_next_image()
    {
        Image image = New().Register();
        image.Rebooter.Ready();
        Client client = Connect(image), silent = Connect(image);
        Socket accepted = await image.Rebooter.AcceptAsync(image.Listener!, carry: false, _goodbye).Within();
        _ = await image.Rebooter.AcceptAsync(image.Listener!, carry: false).Within();
        Legacy legacy = await image.RebootAsync();
        await accepted.SendAsync("to the end\n"u8.ToArray());
        await client.HearAsync("to the end\n");
        Image next = Next(legacy).Register().Serve();
        await client.HearAsync("ERROR :Restart\r\n");
        await client.HearsTheEndAsync();
        await silent.HearsTheEndAsync();
        Assert.That(next.Rebooter.LastReboot!.SessionsLost, Is.Empty);
        Assert.That(next.Log.Has("never added"), Is.False);
        Assert.That(next.Rebooter.SessionCount, Is.Zero);
    }

    [Test]
    public async Task It_hears_nothing_of_a_reboot_that_is_called_off()
    {
        Image image = New().Register();
        image.Rebooter.Ready();
        Client client = Connect(image);
        Socket accepted = await image.Rebooter.AcceptAsync(image.Listener!, carry: false, _goodbye).Within();
        image.Process.OnExecute = _ => throw new SyscallException("execve", 2);
        await CalledOffAsync(image);
        await accepted.SendAsync("as before\n"u8.ToArray());
        await client.HearAsync("as before\n");
        accepted.Dispose();
        await client.HearsTheEndAsync();
    }

    [Test]
    public async Task One_that_the_application_has_closed_is_forgotten()
    {
        Image image = New().Register();
        image.Rebooter.Ready();
        Client client = Connect(image);
        (await image.Rebooter.AcceptAsync(image.Listener!, carry: false, _goodbye).Within()).Dispose();
        await client.HearsTheEndAsync();
        Legacy legacy = await image.RebootAsync();
        Assert.That(legacy.Records, Has.None.Matches<SeamlessReboot.Spool.SpoolRecord>(r => r!.Kind == SeamlessReboot.Spool.SpoolRecordKind.Farewell));
    }

    [Test]
    public async Task One_that_is_added_is_carried_after_all()
    {
        Image image = New().Register();
        image.Rebooter.Ready();
        Client client = Connect(image);
        Socket accepted = await image.Rebooter.AcceptAsync(image.Listener!, carry: false, _goodbye).Within();
        image.Rebooter.Add(new EchoSession(accepted));
        await client.SaysAndHearsAsync("a\n", "1 a\n");
        Next(await image.RebootAsync()).Register().Serve();
        await client.SaysAndHearsAsync("b\n", "2 b\n");
    }

    [Test]
    public async Task One_that_the_image_before_has_let_in_can_be_taken_so()
    {
        Image image = New().Register();
        image.Rebooter.Ready();
        Client client = Connect(image);
        _ = await image.Rebooter.AcceptAsync(image.Listener!).Within();
        Image next = Next(await image.RebootAsync()).Register();
        next.Rebooter.Ready();
        _ = await next.Rebooter.AcceptAsync(next.Listener!, carry: false, _goodbye).Within();
        Next(await next.RebootAsync()).Register().Serve();
        await client.HearAsync("ERROR :Restart\r\n");
        await client.HearsTheEndAsync();
    }

    [TestCase(false)]
    [TestCase(true)]
    public async Task A_supervisor_does_not_get_it_until_it_is_added(bool wasHeldBefore)
    {
        FakeSupervisor supervisor = Ends(new FakeSupervisor(Temp["notify"]));
        Image image = New(process: supervisor.Restart([])).Register();
        image.Rebooter.Ready();
        Client client = Connect(image);
        if (wasHeldBefore)
        {
            _ = await image.Rebooter.AcceptAsync(image.Listener!).Within();
            await supervisor.HearsAsync("FDSTORE=1\nFDNAME=c");
            await image.RebootAsync();
            image = New(process: supervisor.Restart()).Register();
            image.Rebooter.Ready();
        }

        Socket accepted = await image.Rebooter.AcceptAsync(image.Listener!, carry: false).Within();
        string name = "c" + SeamlessReboot.Descriptors.FdIdentity.Of(accepted.SafeHandle).Key;
        if (wasHeldBefore)
            await supervisor.HearsAsync("FDSTOREREMOVE=1\nFDNAME=" + name);
        Assert.That(supervisor.Messages.Count(m => m.StartsWith("FDSTORE=1\nFDNAME=" + name, StringComparison.Ordinal)), Is.EqualTo(wasHeldBefore ? 1 : 0));
        image.Rebooter.Add(new EchoSession(accepted));
        await client.SaysAndHearsAsync("a\n", "1 a\n");
        await supervisor.HearsAsync(m => m.Count(x => x.StartsWith("FDSTORE=1\nFDNAME=" + name, StringComparison.Ordinal)) == (wasHeldBefore ? 2 : 1), "It is a session now.");
        client.Say("quit\n");
        await supervisor.HearsAsync(m => m.Count(x => x.StartsWith("FDSTOREREMOVE=1\nFDNAME=" + name, StringComparison.Ordinal)) == (wasHeldBefore ? 2 : 1), "It has ended.");
    }
}

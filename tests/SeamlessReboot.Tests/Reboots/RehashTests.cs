using System.Net;
using System.Net.Sockets;
using SeamlessReboot.Tests.Support;

namespace SeamlessReboot.Tests.Reboots;

/// <summary>Listeners that come and go while the server runs.</summary>
internal sealed class RehashTests : RebooterFixture
{
    private static readonly IPEndPoint _loopback = new(IPAddress.Loopback, 0);

    [Test]
    public async Task A_listener_of_a_server_that_runs_comes_over_the_reboot()
    {
        Image image = New().Register().Serve();
        Socket added = image.Rebooter.Listen(_loopback);
        EndPoint where = added.LocalEndPoint!;
        using Client waiting = new(where);
        Image next = Next(await image.RebootAsync()).Register();
        Socket inherited = next.Rebooter.Listen(_loopback);
        next.Serve();
        Assert.That(inherited.LocalEndPoint, Is.EqualTo(where));
        using Socket accepted = await next.Rebooter.AcceptAsync(inherited).Within();
        Assert.That(accepted.RemoteEndPoint, Is.EqualTo(waiting.Socket.LocalEndPoint));
    }

    [Test]
    public async Task A_listener_that_was_given_back_is_closed_and_does_not_come_over()
    {
        Image image = New().Register().Serve();
        Socket added = image.Rebooter.Listen(_loopback);
        EndPoint where = added.LocalEndPoint!;
        Task<Socket> accepting = image.Rebooter.AcceptAsync(added).AsTask();
        Assert.That((image.Rebooter.Unlisten(added), image.Rebooter.Unlisten(added)), Is.EqualTo((true, false)));
        Assert.That(async () => await accepting.Within(), Throws.InstanceOf<ObjectDisposedException>());
        Assert.That(async () => await image.Rebooter.AcceptAsync(added), Throws.InstanceOf<ObjectDisposedException>());
        Assert.That(() => new Client(where), Throws.InstanceOf<SocketException>());
        Legacy legacy = await image.RebootAsync();
        Assert.That(legacy.Records.Count(r => r.Kind == SeamlessReboot.Spool.SpoolRecordKind.Listener), Is.EqualTo(1));
    }

    [Test]
    public async Task The_second_of_one_end_point_is_found_when_the_first_was_given_back()
    {
        Image image = New().Register().Serve();
        Socket second = image.Rebooter.Listen(_loopback);
        EndPoint where = second.LocalEndPoint!;
        image.Rebooter.Unlisten(image.Listener!);
        Image next = Next(await image.RebootAsync()).Register();
        Assert.That(next.Listener!.LocalEndPoint, Is.EqualTo(where));
    }

    [Test]
    public async Task A_new_port_of_the_kernels_choice_does_not_take_another_listeners()
    {
        Image image = New();
        IPEndPoint fixedPort = FreePort();
        image.Rebooter.Listen(fixedPort);
        image.Rebooter.Ready();
        Image next = New(process: new FakeProcess((await image.RebootAsync()).Write()));
        Socket any = next.Rebooter.Listen(_loopback), again = next.Rebooter.Listen(fixedPort);
        Assert.That(any.LocalEndPoint, Is.Not.EqualTo(fixedPort));
        Assert.That(again.LocalEndPoint, Is.EqualTo(fixedPort));
    }

    [Test]
    public void A_unix_sockets_file_goes_with_it()
    {
        Image image = New().Register().Serve();
        UnixDomainSocketEndPoint name = new(Temp["s"]);
        Socket listener = image.Rebooter.Listen(name);
        Assert.That(File.Exists(Temp["s"]));
        image.Rebooter.Unlisten(listener);
        Assert.That(File.Exists(Temp["s"]), Is.False);
        image.Rebooter.Listen(name);
        image.Rebooter.Dispose();
        Assert.That(() => image.Rebooter.Listen(name), Throws.InstanceOf<ObjectDisposedException>());
    }

    [Test]
    public async Task While_a_reboot_holds_everyone_it_waits()
    {
        using ManualResetEventSlim go = new();
        TaskCompletionSource captured = new();
        Image image = New(Options(flush: _ =>
        {
            captured.SetResult();
            go.Wait(CancellationToken.None);
            throw new IOException("called off");
        })).Register().Serve();
        Socket old = image.Rebooter.Listen(_loopback);
        Task reboot = CalledOffAsync(image);
        await captured.Task.Within();
        Task<Socket> listening = Task.Run(() => image.Rebooter.Listen(_loopback));
        Task<bool> unlistening = Task.Run(() => image.Rebooter.Unlisten(old));
        Assert.That(await Task.WhenAny(listening, unlistening).StaysPendingAsync());
        go.Set();
        await reboot.Within();
        Assert.That(await unlistening.Within());
        using Client client = new((await listening.Within()).LocalEndPoint!);
    }

    [Test]
    public async Task From_within_a_reboot_it_is_an_error_and_no_deadlock()
    {
        Image? image = null;
        image = New(Options(flush: _ =>
        {
            image!.Rebooter.Listen(_loopback);
            return default;
        })).Register().Serve();
        Assert.That((await CalledOffAsync(image)).Message, Does.Contain("listeners were added or removed from within a reboot"));
    }

    [Test]
    public async Task A_supervisor_is_told()
    {
        FakeSupervisor supervisor = Ends(new FakeSupervisor(Temp["notify"]));
        Image image = New(process: supervisor.Restart([])).Register().Serve();
        Socket added = image.Rebooter.Listen(_loopback);
        string name = "l" + SeamlessReboot.Descriptors.FdIdentity.Of(added.SafeHandle).Key;
        await supervisor.HearsAsync("FDSTORE=1\nFDNAME=" + name);
        image.Rebooter.Unlisten(added);
        await supervisor.HearsAsync("FDSTOREREMOVE=1\nFDNAME=" + name);
    }

    private static IPEndPoint FreePort()
    {
        using Socket probe = new(AddressFamily.InterNetwork, SocketType.Stream, ProtocolType.Tcp);
        probe.Bind(_loopback);
        return (IPEndPoint)probe.LocalEndPoint!;
    }
}

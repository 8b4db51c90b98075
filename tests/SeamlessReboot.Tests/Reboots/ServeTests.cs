using System.Net.Sockets;
using SeamlessReboot.Tests.Support;

namespace SeamlessReboot.Tests.Reboots;

/// <summary>The short ways: ServeAsync, Restore with connection and state, sessions without a class.</summary>
internal sealed class ServeTests : RebooterFixture
{
    private static EchoSession Echo(SessionConnection connection, EchoState state) => new(connection, state);

    [Test]
    public async Task Clients_are_served_and_come_over_a_reboot()
    {
        Image image = Begin(New());
        Task serving = image.Rebooter.ServeAsync(image.Listener!, connection => Echo(connection, new EchoState()));
        Client client = Connect(image);
        await client.SaysAndHearsAsync("a\n", "1 a\n");
        Image next = Begin(Next(await image.RebootAsync()));
        _ = next.Rebooter.ServeAsync(next.Listener!, connection => Echo(connection, new EchoState()));
        await client.SaysAndHearsAsync("b\n", "2 b\n");
        await Connect(next).SaysAndHearsAsync("c\n", "1 c\n");
        Assert.That(serving.IsCompleted, Is.False);
    }

    [Test]
    public async Task A_client_of_which_no_session_can_be_made_is_disconnected_and_the_next_is_served()
    {
        Image image = Begin(New());
        int made = 0;
        _ = image.Rebooter.ServeAsync(image.Listener!, connection => made++ == 0 ? throw new InvalidDataException("no room") : Echo(connection, new EchoState()));
        Client first = Connect(image), second = Connect(image);
        await first.HearsTheEndAsync();
        await second.SaysAndHearsAsync("a\n", "1 a\n");
        Assert.That(image.Log.Has("no session could be made of it: no room"));
    }

    [Test]
    public async Task It_ends_with_its_listener_and_the_sessions_live_on()
    {
        Image image = Begin(New());
        Task serving = image.Rebooter.ServeAsync(image.Listener!, connection => Echo(connection, new EchoState()));
        Client client = Connect(image);
        await client.SaysAndHearsAsync("a\n", "1 a\n");
        image.Rebooter.Unlisten(image.Listener!);
        await serving.Within();
        await client.SaysAndHearsAsync("b\n", "2 b\n");
    }

    [Test]
    public async Task It_ends_with_its_token_and_refuses_a_listener_that_is_not_ours()
    {
        Image image = Begin(New());
        using CancellationTokenSource stop = new();
        Task serving = image.Rebooter.ServeAsync(image.Listener!, connection => Echo(connection, new EchoState()), cancellationToken: stop.Token);
        await stop.CancelAsync();
        Assert.That(async () => await serving.Within(), Throws.InstanceOf<OperationCanceledException>());
        using Socket other = new(SocketType.Stream, ProtocolType.Tcp);
        Assert.That(async () => await image.Rebooter.ServeAsync(other, _ => null!).Within(), Throws.ArgumentException);
    }

    [Test]
    public async Task The_limits_hold_for_new_sessions_and_restored_ones()
    {
        SessionConnectionOptions strict = new() { CloseAtLimits = true, InputLimit = 10 };
        Image image = Begin(New(), strict);
        _ = image.Rebooter.ServeAsync(image.Listener!, connection => Echo(connection, new EchoState()), strict);
        Client newcomer = Connect(image), carried = Connect(image);
        await newcomer.SaysAndHearsAsync("a\n", "1 a\n");
        await carried.SaysAndHearsAsync("a\n", "1 a\n");
        newcomer.Say("0123456789abcdef");
        await newcomer.HearsTheEndAsync();
        Begin(Next(await image.RebootAsync()), strict);
        carried.Say("0123456789abcdef");
        await carried.HearsTheEndAsync();
    }

    [Test]
    public async Task A_polled_session_without_a_class_is_captured_where_its_state_is()
    {
        Image image = New();
        Socket listener = image.Rebooter.Listen(new System.Net.IPEndPoint(System.Net.IPAddress.Loopback, 0));
        Assert.That(() => new PolledSession<EchoState>(null!, new EchoState()), Throws.ArgumentNullException);
        using SocketPair pair = SocketPair.Tcp();
        int asked = 0;
        PolledSession<EchoState> session = new(new SessionConnection(pair.Server), () => new EchoState { Lines = ++asked });
        image.Rebooter.Restore<EchoState>((connection, state) => new PolledSession<EchoState>(connection, state));
        image.Rebooter.Ready();
        image.Rebooter.Add(session);
        Legacy legacy = await image.RebootAsync();
        EchoState? restored = null;
        Image next = Next(legacy);
        next.Rebooter.Listen(listener.LocalEndPoint!);
        next.Rebooter.Restore<EchoState>((connection, state) => new PolledSession<EchoState>(connection, restored = state));
        next.Rebooter.Ready();
        Assert.That(restored!.Lines, Is.EqualTo(asked));
        listener.Dispose();
    }

    private static Image Begin(Image image, SessionConnectionOptions? options = null)
    {
        image.Register(saved => Echo(saved.OpenConnection(options), saved.ReadState<EchoState>()));
        image.Rebooter.Ready();
        return image;
    }
}

using System.Net.Sockets;
using SeamlessReboot.Tests.Support;

namespace SeamlessReboot.Tests.Reboots;

/// <summary>Who did not come back, in the callback that joins what refers to one another.</summary>
internal sealed class LostSessionTests : RebooterFixture
{
    [Test]
    public async Task They_are_listed_with_their_state()
    {
        Image image = New().Register().Serve();
        foreach (string name in new[] { "a", "b", "c" })
            await Connect(image).SaysAndHearsAsync(name + "\n", $"1 {name}\n");
        Image next = Next(await image.RebootAsync());
        IReadOnlyList<LostSession>? lost = null;
        int lines = 0, restored = 0;
        next.Rebooter.Restore(
            saved => saved.Id == 2 ? throw new InvalidDataException("no such room") : new EchoSession(saved.OpenConnection(), saved.ReadState<EchoState>()),
            gone =>
            {
                lost = gone;
                restored = next.Rebooter.SessionCount;
                lines = gone[0].ReadState<EchoState>().Lines;
                Assert.That(gone[0].HasState);
            });
        next.Rebooter.Ready();
        Assert.That((lost!.Count, lost[0].Id, lost[0].Kind, lines, restored), Is.EqualTo((1, 2L, "echo", 1, 2)));
        Assert.That(lost[0].Reason, Does.Contain("no such room"));
        Assert.That(lost[0].HasState, Is.False, "Reports do not hold on to the spool.");
        Assert.That(() => lost[0].ReadState<EchoState>(), Throws.InvalidOperationException.With.Message.Contains("whenAllRestored"));
        Assert.That(next.Rebooter.LastReboot!.SessionsLost, Is.EqualTo(lost));
    }

    [Test]
    public async Task Who_could_not_be_captured_has_no_state()
    {
        Image image = New(Options(SessionFailurePolicy.Farewell)).Register().Serve();
        using SocketPair pair = SocketPair.Tcp();
        image.Rebooter.Add(new ScriptedSession(pair.Server) { OnCapture = () => throw new InvalidDataException("half done") });
        Image next = Next(await image.RebootAsync());
        LostSession? lost = null;
        next.Rebooter.Restore(_ => null!, gone => lost = gone.Single());
        next.Rebooter.Ready();
        Assert.That((lost!.Id, lost.HasState), Is.EqualTo((1L, false)));
    }

    [Test]
    public async Task When_nobody_is_lost_the_list_is_empty_and_a_cold_start_calls_nothing()
    {
        int calls = 0;
        Image image = New();
        image.Rebooter.Restore(_ => null!, _ => calls++);
        image.Rebooter.Ready();
        Assert.That(calls, Is.Zero);
        Image next = Next(await image.RebootAsync());
        next.Rebooter.Restore(_ => null!, lost =>
        {
            Assert.That(lost, Is.Empty);
            calls++;
        });
        next.Rebooter.Ready();
        Assert.That(calls, Is.EqualTo(1));
    }

    [Test]
    public void The_recorded_address_is_that_of_the_client()
    {
        foreach (AddressFamily family in new[] { AddressFamily.InterNetwork, AddressFamily.InterNetworkV6 })
        {
            using SocketPair pair = SocketPair.Tcp(family: family);
            byte[] identity = SeamlessReboot.Descriptors.FdIdentity.Of(pair.Server.SafeHandle).Encode();
            Assert.That(SeamlessReboot.Descriptors.FdIdentity.Decode(identity)!.RemoteEndPoint, Is.EqualTo(pair.Client.LocalEndPoint));
        }

        using SocketPair unix = SocketPair.Unix();
        Assert.That(() => SeamlessReboot.Descriptors.FdIdentity.Of(unix.Server.SafeHandle).RemoteEndPoint, Throws.Nothing);
        using Socket alone = new(AddressFamily.InterNetwork, SocketType.Stream, ProtocolType.Tcp);
        Assert.That(SeamlessReboot.Descriptors.FdIdentity.Of(alone.SafeHandle).RemoteEndPoint, Is.Null);
    }
}

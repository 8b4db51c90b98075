using System.Net;
using System.Net.Sockets;
using SeamlessReboot.Tests.Support;

namespace SeamlessReboot.Tests.Reboots;

/// <summary>What can be added, and how one waits for it.</summary>
internal sealed class AddTests : RebooterFixture
{
    [Test]
    public async Task AddAsync_blocks_no_thread_while_a_reboot_holds_everyone()
    {
        using ManualResetEventSlim go = new();
        TaskCompletionSource captured = new();
        Image image = New(Options(flush: _ =>
        {
            captured.SetResult();
            go.Wait(CancellationToken.None);
            throw new IOException("called off");
        })).Register().Serve();
        using SocketPair pair = SocketPair.Tcp(), other = SocketPair.Tcp();
        Task reboot = CalledOffAsync(image);
        await captured.Task.Within();
        ScriptedSession added = new(pair.Server), cancelled = new(other.Server);
        using CancellationTokenSource cancel = new();
        Task adding = image.Rebooter.AddAsync(added).AsTask(), cancelling = image.Rebooter.AddAsync(cancelled, cancel.Token).AsTask();
        Assert.That(adding.IsCompleted, Is.False, "And the call has come back.");
        await cancel.CancelAsync();
        Assert.That(async () => await cancelling.Within(), Throws.InstanceOf<OperationCanceledException>());
        go.Set();
        await reboot.Within();
        await adding.Within();
        Assert.That(image.Rebooter.GetSessions(), Does.Contain(added).And.Not.Contain(cancelled));
        await image.Rebooter.AddAsync(cancelled).Within();
        Assert.That(cancelled.Calls, Is.EqualTo(new[] { "resume" }));
    }

    [Test]
    public void A_socket_that_is_no_connection_is_refused_with_the_reason()
    {
        Rebooter rebooter = New().Register().Serve().Rebooter;
        using Socket datagram = new(AddressFamily.InterNetwork, SocketType.Dgram, ProtocolType.Udp);
        using Socket listener = new(AddressFamily.InterNetwork, SocketType.Stream, ProtocolType.Tcp);
        listener.Bind(new IPEndPoint(IPAddress.Loopback, 0));
        listener.Listen();
        foreach ((Socket socket, string what) in new[] { (datagram, "is a Dgram socket"), (listener, "is a listener") })
        {
            Assert.That(() => new SessionConnection(socket), Throws.ArgumentException.With.Message.Contains(what));
            Assert.That(() => rebooter.Add(new ScriptedSession(socket)), Throws.ArgumentException.With.Message.Contains(what));
        }

        Assert.That(() => rebooter.Add(new ScriptedSession(null!)), Throws.ArgumentException.With.Message.Contains("Socket is null"));
        Socket closed = new(AddressFamily.InterNetwork, SocketType.Stream, ProtocolType.Tcp);
        closed.Dispose();
        Assert.That(() => new SessionConnection(closed), Throws.InstanceOf<ObjectDisposedException>());
    }

    [TestCase(true)]
    [TestCase(false)]
    public void A_client_that_has_gone_already_is_taken(bool isAdopted)
    {
        Rebooter rebooter = New().Register().Serve().Rebooter;
        using SocketPair pair = SocketPair.Tcp();
        pair.Reset();
        using Socket socket = isAdopted ? new Socket(new SafeSocketHandle(SeamlessReboot.Posix.Fd.Duplicate(pair.Server.SafeHandle), true)) : pair.Server;
        EchoSession session = new(socket);
        rebooter.Add(session);
        Assert.That(session.Connection.Socket, Is.SameAs(socket));
    }

    [Test]
    public void Two_sessions_of_one_socket_are_refused()
    {
        Rebooter rebooter = New().Register().Serve().Rebooter;
        using SocketPair pair = SocketPair.Unix();
        ScriptedSession first = new(pair.Server), second = new(pair.Server);
        rebooter.Add(first);
        Assert.That(() => rebooter.Add(second), Throws.ArgumentException.With.Message.Contains("Another session has this socket"));
        rebooter.Remove(first);
        rebooter.Add(second);
    }
}

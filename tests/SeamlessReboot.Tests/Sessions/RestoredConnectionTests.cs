using System.Net;
using System.Net.Sockets;
using System.Text;
using SeamlessReboot.Tests.Support;

namespace SeamlessReboot.Tests.Sessions;

[Parallelizable(ParallelScope.All)]
internal sealed class RestoredConnectionTests
{
    private static SessionConnection Restored(SocketPair pair, string unread = "", string unsent = "", SessionConnectionOptions? options = null) =>
        new(pair.Server, options, Encoding.UTF8.GetBytes(unread), Encoding.UTF8.GetBytes(unsent));

    [Test]
    public async Task It_reads_what_was_unread_first_and_then_the_socket()
    {
        using SocketPair pair = SocketPair.Tcp();
        await using SessionConnection connection = Restored(pair, "one\ntw");
        pair.Say("o\nthree\n");
        connection.Resume();
        Assert.That(await connection.ReadLineAsync().Within(), Is.EqualTo("one"));
        Assert.That(await connection.ReadLineAsync().Within(), Is.EqualTo("two"));
        Assert.That(await connection.ReadLineAsync().Within(), Is.EqualTo("three"));
    }

    [Test]
    public async Task It_does_nothing_before_it_is_resumed()
    {
        using SocketPair pair = SocketPair.Tcp();
        await using SessionConnection connection = Restored(pair, "one\n", "unsent");
        Task<string?> line = connection.ReadLineAsync().AsTask();
        Assert.That(await line.StaysPendingAsync());
        Assert.That(pair.HeardSoFar, Is.Zero);
        connection.Resume();
        Assert.That(await line.Within(), Is.EqualTo("one"));
        Assert.That(await pair.HearTextAsync(6), Is.EqualTo("unsent"));
    }

    [Test]
    public async Task What_was_unsent_goes_out_before_what_is_written()
    {
        using SocketPair pair = SocketPair.Tcp();
        await using SessionConnection connection = Restored(pair, unsent: "first ");
        Assert.That(connection.TryWrite("second "u8), "Before Resume, too.");
        connection.Resume();
        await connection.WriteAsync("third");
        Assert.That(await pair.HearTextAsync(18), Is.EqualTo("first second third"));
    }

    [Test]
    public async Task It_can_be_captured_again_before_it_has_run()
    {
        using SocketPair pair = SocketPair.Tcp();
        await using SessionConnection connection = Restored(pair, "unread", "unsent");
        SessionSnapshot snapshot = connection.Capture(0);
        Assert.That((Encoding.UTF8.GetString(snapshot.UnreadInput.Span), Encoding.UTF8.GetString(snapshot.UnsentOutput.Span)),
            Is.EqualTo(("unread", "unsent")));
        connection.Resume();
    }

    [Test]
    public async Task More_unread_input_than_this_version_allows_is_still_read_if_it_holds_lines()
    {
        using SocketPair pair = SocketPair.Tcp();
        await using SessionConnection connection = Restored(pair, "0123456789\nabc\n", options: new SessionConnectionOptions { InputLimit = 5 });
        connection.Resume();
        Assert.That(await connection.ReadLineAsync().Within(), Is.EqualTo("0123456789"));
        Assert.That(await connection.ReadLineAsync().Within(), Is.EqualTo("abc"));
        pair.Say("d\n");
        Assert.That(await connection.ReadLineAsync().Within(), Is.EqualTo("d"));
    }

    [Test]
    public async Task A_client_that_has_gone_in_the_meantime_is_read_to_its_end()
    {
        using SocketPair pair = SocketPair.Tcp();
        pair.Reset();
        await using SessionConnection connection = Restored(pair, "quit\n", "bye");
        connection.Resume();
        Assert.That(await connection.ReadLineAsync().Within(), Is.EqualTo("quit"));
        Assert.That(await connection.ReadLineAsync().Within(), Is.Null);
        await connection.WriteAsync("x").Within();
    }

    [Test]
    public async Task Megabytes_of_unsent_output_are_delivered()
    {
        using SocketPair pair = SocketPair.Tcp(window: 8192);
        await using SessionConnection connection = new(pair.Server, null, default, Pattern.Bytes(0, 4_000_000));
        connection.Resume();
        Assert.That(Pattern.FirstWrong(await pair.HearAsync(4_000_000), 0), Is.EqualTo(-1));
    }

    [Test]
    public void The_clients_address_is_the_recorded_one_where_the_socket_is_not_the_clients()
    {
        using SocketPair pair = SocketPair.Tcp();
        IPEndPoint recorded = new(IPAddress.Parse("192.0.2.1"), 4711);
        RestoredSession there = new(1, "", pair.Server, default, default, default, new JsonStateSerializer());
        Assert.That((there.RemoteEndPoint, there.StateAge), Is.EqualTo((pair.Client.LocalEndPoint, TimeSpan.Zero)));
        using Socket nowhere = new(AddressFamily.InterNetwork, SocketType.Stream, ProtocolType.Tcp);
        RestoredSession tried = new(1, "", nowhere, default, default, default, new JsonStateSerializer(), recorded) { StateAge = TimeSpan.FromSeconds(3) };
        using SessionConnection connection = tried.OpenConnection();
        Assert.That((tried.RemoteEndPoint, connection.RemoteEndPoint, tried.StateAge), Is.EqualTo((recorded, recorded, TimeSpan.FromSeconds(3))));
        pair.Server.Dispose();
        Assert.That(there.RemoteEndPoint, Is.Null);
    }
}

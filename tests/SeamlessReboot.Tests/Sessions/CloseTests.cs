using System.Diagnostics;
using System.Text;
using SeamlessReboot.Tests.Support;

namespace SeamlessReboot.Tests.Sessions;

[Parallelizable(ParallelScope.All)]
internal sealed class CloseTests
{
    [Test]
    public async Task DisposeAsync_delivers_the_last_output_to_a_slow_client()
    {
        using SocketPair pair = SocketPair.Tcp(window: 4096);
        SessionConnection connection = new(pair.Server);
        await connection.WriteAsync(Pattern.Bytes(0, 200_000)).Within();
        Task closing = connection.DisposeAsync().AsTask();
        Assert.That(await closing.StaysPendingAsync());
        Assert.That(connection.IsClosed);
        byte[] heard = await pair.HearToEndAsync();
        Assert.That((heard.Length, Pattern.FirstWrong(heard, 0)), Is.EqualTo((200_000, -1L)));
        await closing.Within();
        await connection.Closed.Within();
    }

    [Test]
    public async Task DisposeAsync_gives_up_on_a_client_that_does_not_read_after_CloseTimeout()
    {
        using SocketPair pair = SocketPair.Tcp(window: 4096);
        SessionConnection connection = new(pair.Server, new SessionConnectionOptions { CloseTimeout = TimeSpan.FromMilliseconds(100) });
        await connection.WriteAsync(new byte[200_000]).Within();
        long start = Stopwatch.GetTimestamp();
        await connection.DisposeAsync().Within();
        Assert.That(Stopwatch.GetElapsedTime(start).TotalMilliseconds, Is.InRange(90, 20_000));
        await connection.Closed.Within();
        Assert.That(pair.Server.SafeHandle.IsClosed);
    }

    [Test]
    public async Task A_waiting_read_ends_when_the_connection_is_closed()
    {
        using SocketPair pair = SocketPair.Tcp();
        SessionConnection connection = new(pair.Server);
        ValueTask<string?> line = connection.ReadLineAsync();
        await connection.DisposeAsync().Within();
        Assert.That(await line.Within(), Is.Null);
        Assert.That(await connection.ReadLineAsync().Within(), Is.Null);
    }

    [Test]
    public async Task A_waiting_read_ends_when_the_connection_is_closed_at_once()
    {
        using SocketPair pair = SocketPair.Tcp();
        SessionConnection connection = new(pair.Server);
        ValueTask<string?> line = connection.ReadLineAsync();
        connection.Dispose();
        Assert.That(await line.Within(), Is.Null);
        Assert.That(await pair.HearToEndAsync(), Is.Empty);
    }

    [Test]
    public async Task The_last_words_arrive_even_though_the_client_had_typed_more()
    {
        for (int i = 0; i < 20; i++)
        {
            using SocketPair pair = SocketPair.Tcp();
            SessionConnection connection = new(pair.Server);
            pair.Say("quit\n");
            pair.Say(new byte[20_000]);
            Assert.That(await connection.ReadLineAsync().Within(), Is.EqualTo("quit"));
            await connection.WriteAsync("Bye!");
            await connection.DisposeAsync().Within();
            Assert.That(Encoding.UTF8.GetString(await pair.HearToEndAsync()), Is.EqualTo("Bye!"));
        }
    }

    [Test]
    public async Task The_last_words_arrive_while_a_read_waits()
    {
        for (int i = 0; i < 20; i++)
        {
            using SocketPair pair = SocketPair.Tcp();
            SessionConnection connection = new(pair.Server);
            Task<string?> line = connection.ReadLineAsync().AsTask();
            await connection.WriteAsync("You are kicked.");
            await connection.DisposeAsync().Within();
            Assert.That(Encoding.UTF8.GetString(await pair.HearToEndAsync()), Is.EqualTo("You are kicked."));
            Assert.That(await line.Within(), Is.Null);
        }
    }

    [Test]
    public async Task Closing_while_suspended_is_carried_out_after_the_reboot_is_called_off()
    {
        using SocketPair pair = SocketPair.Tcp(window: 4096);
        SessionConnection connection = new(pair.Server);
        Task<string?> line = connection.ReadLineAsync().AsTask();
        await connection.SuspendAsync().Within();
        await connection.WriteAsync(Pattern.Bytes(0, 200_000)).Within();
        await connection.DisposeAsync().Within();
        Assert.That(connection.Closed.IsCompleted, Is.False);
        SessionSnapshot snapshot = connection.Capture(0);
        Assert.That((snapshot.HasEnded, snapshot.UnsentOutput.IsEmpty), Is.EqualTo((true, false)));
        Assert.That(line.IsCompleted, Is.False);
        connection.Resume();
        Assert.That((await pair.HearToEndAsync()).Length, Is.EqualTo(200_000));
        Assert.That(await line.Within(), Is.Null);
    }

    [Test]
    public async Task Closing_while_captured_neither_closes_nor_blocks_until_resumed()
    {
        using SocketPair pair = SocketPair.Tcp();
        SessionConnection connection = new(pair.Server);
        _ = connection.SuspendAsync();
        connection.Capture(0);
        await connection.DisposeAsync().Within();
        Assert.That(connection.Closed.IsCompleted, Is.False);
        Assert.That(pair.Server.SafeHandle.IsClosed, Is.False, "Its descriptor has been written down.");
        connection.Resume();
        await connection.Closed.Within();
    }

    [Test]
    public async Task What_was_said_before_closing_is_delivered_even_if_both_came_while_captured()
    {
        using SocketPair pair = SocketPair.Tcp();
        SessionConnection connection = new(pair.Server);
        _ = connection.SuspendAsync();
        connection.Capture(0);
        Task before = connection.WriteAsync("bye").AsTask();
        await connection.DisposeAsync().Within();
        Task after = connection.WriteAsync("too late").AsTask();
        connection.Resume();
        await Task.WhenAll(before, after).Within();
        Assert.That(Encoding.UTF8.GetString(await pair.HearToEndAsync()), Is.EqualTo("bye"));
    }

    [Test]
    public async Task Closing_at_once_while_captured_does_not_block_and_comes_with_the_resume()
    {
        using SocketPair pair = SocketPair.Tcp();
        SessionConnection connection = new(pair.Server);
        ValueTask<string?> line = connection.ReadLineAsync();
        await connection.SuspendAsync().Within();
        connection.Capture(0);
        connection.TryWrite("unsent"u8);
        connection.Dispose();
        connection.Dispose();
        Assert.That((connection.IsClosed, pair.Server.SafeHandle.IsClosed), Is.EqualTo((true, false)), "Its descriptor has been written down.");
        connection.Resume();
        Assert.That(pair.Server.SafeHandle.IsClosed);
        Assert.That(await line.Within(), Is.Null);
        Assert.That(await pair.HearToEndAsync(), Is.Empty);
    }

    [Test]
    public async Task Closing_the_stream_begins_the_close_and_does_not_wait_for_the_client()
    {
        using SocketPair pair = SocketPair.Tcp(window: 4096);
        SessionConnection connection = new(pair.Server);
        await connection.WriteAsync(Pattern.Bytes(0, 200_000)).Within();
        using (StreamReader reader = new(connection.AsStream()))
            connection.AsStream().Close();
        Assert.That((connection.IsClosed, connection.Closed.IsCompleted), Is.EqualTo((true, false)));
        Assert.That((await pair.HearToEndAsync()).Length, Is.EqualTo(200_000));
        await connection.Closed.Within();
    }

    [Test]
    public async Task A_close_that_a_suspension_held_up_has_its_full_time_again()
    {
        using SocketPair pair = SocketPair.Tcp(window: 4096);
        SessionConnection connection = new(pair.Server, new SessionConnectionOptions { CloseTimeout = TimeSpan.FromMilliseconds(50) });
        await connection.WriteAsync(Pattern.Bytes(0, 200_000)).Within();
        Task closing = connection.DisposeAsync().AsTask();
        _ = connection.SuspendAsync();
        await closing.Within();
        Assert.That(connection.Closed.IsCompleted, Is.False, "The time is over, but a session that is suspended is not cut.");
        connection.Resume();
        await connection.Closed.Within();
    }

    [Test]
    public async Task Disposing_twice_in_any_way_is_fine()
    {
        using SocketPair pair = SocketPair.Tcp();
        SessionConnection connection = new(pair.Server);
        await connection.DisposeAsync().Within();
        await connection.DisposeAsync().Within();
        connection.Dispose();
        connection.Dispose();
        Assert.That(connection.IsClosed);
    }

    [Test]
    public async Task A_socket_that_somebody_closed_behind_our_back_ends_reads_and_swallows_writes()
    {
        using SocketPair pair = SocketPair.Tcp(window: 4096);
        SessionConnection connection = new(pair.Server);
        ValueTask<string?> line = connection.ReadLineAsync();
        pair.Server.Dispose();
        Assert.That(await line.Within(), Is.Null);
        Assert.That(await connection.ReadLineAsync().Within(), Is.Null);
        await connection.WriteAsync(new byte[500_000]).Within();
        await connection.DisposeAsync().Within();
    }

    [Test]
    public async Task A_socket_that_was_closed_while_output_waits_is_no_crash()
    {
        using SocketPair pair = SocketPair.Tcp(window: 4096);
        SessionConnection connection = new(pair.Server, new SessionConnectionOptions { CloseTimeout = TimeSpan.Zero });
        await connection.WriteAsync(new byte[200_000]).Within();
        pair.Server.Dispose();
        await connection.WriteAsync(new byte[10]).Within();
        await connection.DisposeAsync().Within();
        await connection.Closed.Within();
    }

    [Test]
    public async Task The_remote_end_point_is_null_once_the_client_has_gone()
    {
        using SocketPair pair = SocketPair.Tcp();
        SessionConnection connection = new(pair.Server);
        Assert.That(connection.RemoteEndPoint, Is.EqualTo(pair.Client.LocalEndPoint));
        await connection.DisposeAsync().Within();
        Assert.That(connection.RemoteEndPoint, Is.Null);
    }

    [Test]
    public void Limits_out_of_range_are_refused()
    {
        Assert.That(() => new SessionConnectionOptions { InputLimit = 0 }, Throws.InstanceOf<ArgumentOutOfRangeException>());
        Assert.That(() => new SessionConnectionOptions { OutputLimit = 0 }, Throws.InstanceOf<ArgumentOutOfRangeException>());
        Assert.That(() => new SessionConnectionOptions { CloseTimeout = TimeSpan.FromTicks(-1) }, Throws.InstanceOf<ArgumentOutOfRangeException>());
        Assert.That(() => new SessionConnectionOptions { CloseTimeout = TimeSpan.MaxValue }, Throws.InstanceOf<ArgumentOutOfRangeException>());
        Assert.That(() => new SessionConnection(null!), Throws.ArgumentNullException);
    }

    [Test]
    public void Small_writes_go_out_at_once()
    {
        using SocketPair pair = SocketPair.Tcp();
        using SessionConnection connection = new(pair.Server);
        Assert.That(pair.Server.NoDelay);
    }

    [Test]
    public void A_client_that_has_gone_already_can_still_be_taken_over()
    {
        using SocketPair pair = SocketPair.Tcp();
        pair.Reset();
        Assert.That(() => new SessionConnection(pair.Server).Dispose(), Throws.Nothing);
    }
}

using SeamlessReboot.Tests.Support;

namespace SeamlessReboot.Tests.Sessions;

[Parallelizable(ParallelScope.All)]
internal sealed class WriteTests
{
    private const int Limit = 32 * 1024;
    private static readonly SessionConnectionOptions _small = new() { OutputLimit = Limit, CloseTimeout = TimeSpan.Zero };

    [TestCase(false)]
    [TestCase(true)]
    public async Task The_bytes_of_each_call_stay_together_whoever_writes(bool isUnix)
    {
        using SocketPair pair = isUnix ? SocketPair.Unix() : SocketPair.Tcp(window: 8192);
        using SessionConnection connection = new(pair.Server, _small);
        const int Writers = 8, Calls = 100, Size = 400;
        Task[] writing = [.. Enumerable.Range(0, Writers).Select(writer => Task.Run(async () =>
        {
            for (int call = 0; call < Calls; call++)
            {
                byte[] block = new byte[Size];
                block.AsSpan().Fill((byte)(writer * 16 + call % 16));
                if (call % 3 == 0 && connection.TryWrite(block))
                    continue;
                await connection.WriteAsync(block);
            }
        }))];
        byte[] heard = await pair.HearAsync(Writers * Calls * Size);
        await Task.WhenAll(writing).Within();
        int[] next = new int[Writers];
        for (int start = 0; start < heard.Length; start += Size)
        {
            ReadOnlySpan<byte> block = heard.AsSpan(start, Size);
            int writer = block[0] / 16;
            Assert.That(block.IndexOfAnyExcept(block[0]), Is.EqualTo(-1), $"The block at {start} is torn.");
            Assert.That(block[0] % 16, Is.EqualTo(next[writer] % 16), $"Writer {writer}'s calls are out of order.");
            next[writer]++;
        }

        Assert.That(next, Is.All.EqualTo(Calls));
    }

    [Test]
    public async Task Text_is_written_as_UTF8()
    {
        using SocketPair pair = SocketPair.Tcp();
        using SessionConnection connection = new(pair.Server);
        await connection.WriteAsync("grüße\r\n");
        Assert.That(await pair.HearTextAsync(9), Is.EqualTo("grüße\r\n"));
    }

    [Test]
    public async Task The_buffer_may_be_used_again_as_soon_as_the_write_has_completed()
    {
        using SocketPair pair = SocketPair.Tcp(window: 4096);
        using SessionConnection connection = new(pair.Server, new SessionConnectionOptions { OutputLimit = 10_000_000 });
        byte[] buffer = new byte[1000];
        for (int i = 0; i < 500; i++)
        {
            Pattern.Bytes(i * 1000, 1000).CopyTo(buffer, 0);
            ValueTask write = connection.WriteAsync(buffer);
            Assert.That(write.IsCompletedSuccessfully);
            buffer.AsSpan().Fill(0xFF);
        }

        Assert.That(Pattern.FirstWrong(await pair.HearAsync(500_000), 0), Is.EqualTo(-1));
    }

    [Test]
    public async Task WriteAsync_waits_at_OutputLimit_until_the_client_reads()
    {
        using SocketPair pair = SocketPair.Tcp(window: 4096);
        using SessionConnection connection = new(pair.Server, _small);
        long said = 0;
        Task writing;
        while ((writing = connection.WriteAsync(Pattern.Bytes(said, 1000)).AsTask()).IsCompleted)
        {
            said += 1000;
            Assert.That(said, Is.LessThan(4_000_000), "Nothing holds the writer back.");
        }

        Assert.That(await writing.StaysPendingAsync());
        Assert.That(Pattern.FirstWrong(await pair.HearAsync((int)said + 1000), 0), Is.EqualTo(-1));
        await writing.Within();
    }

    [Test]
    public async Task TryWrite_refuses_whole_calls_at_OutputLimit_and_memory_stays_bounded()
    {
        using SocketPair pair = SocketPair.Tcp(window: 4096);
        using SessionConnection connection = new(pair.Server, _small);
        long said = 0;
        int refused = 0;
        while (refused < 1000)
        {
            if (connection.TryWrite(Pattern.Bytes(said, 1000)))
                said += 1000;
            else
                refused++;
        }

        await connection.SuspendAndCaptureAsync(snapshot => Assert.That(snapshot.UnsentOutput.Length, Is.InRange(Limit - 1000, Limit)));
        Assert.That(Pattern.FirstWrong(await pair.HearAsync((int)said), 0), Is.EqualTo(-1));
        await Limits.UntilAsync(() => connection.TryWrite("x"u8), "there is room again");
    }

    [Test]
    public async Task A_cancelled_write_ends_the_waiting_and_its_bytes_are_sent_all_the_same()
    {
        using SocketPair pair = SocketPair.Tcp(window: 4096);
        using SessionConnection connection = new(pair.Server, _small);
        using CancellationTokenSource cancel = new();
        Task writing = connection.WriteAsync(Pattern.Bytes(0, 500_000), cancel.Token).AsTask();
        await cancel.CancelAsync();
        Assert.That(async () => await writing.Within(), Throws.InstanceOf<OperationCanceledException>());
        Assert.That(Pattern.FirstWrong(await pair.HearAsync(500_000), 0), Is.EqualTo(-1));
    }

    [Test]
    public async Task A_writer_that_waits_for_room_is_let_go_when_the_client_goes()
    {
        using SocketPair pair = SocketPair.Tcp(window: 4096);
        using SessionConnection connection = new(pair.Server, _small);
        Task writing = connection.WriteAsync(Pattern.Bytes(0, 500_000)).AsTask();
        Assert.That(writing.IsCompleted, Is.False);
        pair.Reset();
        await writing.Within();
        await connection.SuspendAndCaptureAsync(snapshot => Assert.That(snapshot.UnsentOutput.Length, Is.Zero));
    }

    [Test]
    public async Task A_writer_that_waits_for_room_is_let_go_when_the_connection_is_closed()
    {
        using SocketPair pair = SocketPair.Tcp(window: 4096);
        SessionConnection connection = new(pair.Server, _small);
        Task writing = connection.WriteAsync(Pattern.Bytes(0, 500_000)).AsTask();
        Assert.That(writing.IsCompleted, Is.False);
        connection.Dispose();
        await writing.Within();
    }

    [Test]
    public async Task Writing_to_a_client_that_has_gone_does_nothing()
    {
        using SocketPair pair = SocketPair.Tcp();
        using SessionConnection connection = new(pair.Server);
        pair.Reset();
        Assert.That(await connection.ReadLineAsync().Within(), Is.Null);
        await connection.WriteAsync(new byte[1_000_000]).Within();
        Assert.That(connection.TryWrite(new byte[1_000_000]));
    }

    [Test]
    public async Task Writing_to_a_closed_connection_does_nothing()
    {
        using SocketPair pair = SocketPair.Tcp();
        SessionConnection connection = new(pair.Server);
        connection.Dispose();
        await connection.WriteAsync("x").Within();
        Assert.That(connection.TryWrite("x"u8));
        Assert.That(await pair.HearToEndAsync(), Is.Empty);
    }

    [Test]
    public async Task An_empty_write_is_done_at_once()
    {
        using SocketPair pair = SocketPair.Tcp();
        using SessionConnection connection = new(pair.Server);
        await connection.WriteAsync(Array.Empty<byte>()).Within();
        Assert.That(connection.TryWrite([]));
    }

    [Test]
    public async Task Writes_that_a_capture_held_up_are_sent_in_their_order()
    {
        using SocketPair pair = SocketPair.Tcp();
        using SessionConnection connection = new(pair.Server);
        for (int round = 0; round < 20; round++)
        {
            _ = connection.SuspendAsync();
            connection.Capture(0);
            Task[] writes = [.. Enumerable.Range(0, 50).Select(i => connection.WriteAsync($"{i:00} ").AsTask())];
            connection.Resume();
            await Task.WhenAll(writes).Within();
            Assert.That(await pair.HearTextAsync(150), Is.EqualTo(string.Concat(Enumerable.Range(0, 50).Select(i => $"{i:00} "))));
        }
    }
}

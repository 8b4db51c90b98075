using System.IO.Pipelines;
using System.Text;
using SeamlessReboot.Tests.Support;

namespace SeamlessReboot.Tests.Sessions;

[Parallelizable(ParallelScope.All)]
internal sealed class PipeWriterTests
{
    private static readonly SessionConnectionOptions _small = new() { OutputLimit = 16 * 1024, CloseTimeout = TimeSpan.Zero };

    private static void Stage(PipeWriter writer, byte[] bytes)
    {
        bytes.CopyTo(writer.GetSpan(bytes.Length));
        writer.Advance(bytes.Length);
    }

    [Test]
    public async Task What_is_flushed_is_heard()
    {
        using SocketPair pair = SocketPair.Tcp();
        await using SessionConnection connection = new(pair.Server);
        Stage(connection.Output, "hel"u8.ToArray());
        Stage(connection.Output, "lo"u8.ToArray());
        Assert.That(connection.Output.UnflushedBytes, Is.EqualTo(5));
        FlushResult result = await connection.Output.FlushAsync().Within();
        Assert.That((result.IsCanceled, result.IsCompleted), Is.EqualTo((false, false)));
        Assert.That(connection.Output.UnflushedBytes, Is.Zero);
        Assert.That(await pair.HearTextAsync(5), Is.EqualTo("hello"));
    }

    [Test]
    public async Task Bytes_that_were_not_flushed_are_captured_behind_those_that_wait()
    {
        using SocketPair pair = SocketPair.Tcp();
        await using SessionConnection connection = new(pair.Server);
        _ = connection.SuspendAsync();
        connection.Capture(0);
        Assert.That(connection.TryWrite("queued "u8));
        Stage(connection.Output, "staged"u8.ToArray());
        Assert.That(Encoding.UTF8.GetString(connection.Capture(0).UnsentOutput.Span), Is.EqualTo("queued staged"));
        connection.Resume();
        Assert.That(await pair.HearTextAsync(7), Is.EqualTo("queued "));
        await connection.Output.FlushAsync().Within();
        Assert.That(await pair.HearTextAsync(6), Is.EqualTo("staged"));
    }

    [Test]
    public async Task Big_writes_arrive_whole()
    {
        using SocketPair pair = SocketPair.Tcp(window: 8192);
        await using SessionConnection connection = new(pair.Server);
        Task<byte[]> hearing = pair.HearAsync(3_000_000);
        await connection.Output.WriteAsync(Pattern.Bytes(0, 3_000_000)).Within();
        Assert.That(Pattern.FirstWrong(await hearing, 0), Is.EqualTo(-1));
    }

    [Test]
    public async Task A_flush_waits_for_a_client_that_does_not_read()
    {
        using SocketPair pair = SocketPair.Tcp(window: 4096);
        using SessionConnection connection = new(pair.Server, _small);
        Stage(connection.Output, Pattern.Bytes(0, 200_000));
        Task<FlushResult> flushing = connection.Output.FlushAsync().AsTask();
        Assert.That(await flushing.StaysPendingAsync());
        Assert.That(Pattern.FirstWrong(await pair.HearAsync(200_000), 0), Is.EqualTo(-1));
        await flushing.Within();
    }

    [Test]
    public async Task A_flush_whose_token_is_cancelled_has_handed_its_bytes_over_all_the_same()
    {
        using SocketPair pair = SocketPair.Tcp(window: 4096);
        using SessionConnection connection = new(pair.Server, _small);
        Stage(connection.Output, Pattern.Bytes(0, 200_000));
        using CancellationTokenSource cancel = new();
        Task<FlushResult> flushing = connection.Output.FlushAsync(cancel.Token).AsTask();
        await cancel.CancelAsync();
        Assert.That(async () => await flushing.Within(), Throws.InstanceOf<OperationCanceledException>());
        Assert.That(Pattern.FirstWrong(await pair.HearAsync(200_000), 0), Is.EqualTo(-1));
    }

    [Test]
    public async Task CancelPendingFlush_ends_a_flush_that_waits_for_the_client()
    {
        using SocketPair pair = SocketPair.Tcp(window: 4096);
        using SessionConnection connection = new(pair.Server, _small);
        Stage(connection.Output, Pattern.Bytes(0, 200_000));
        Task<FlushResult> flushing = connection.Output.FlushAsync().AsTask();
        connection.Output.CancelPendingFlush();
        Assert.That((await flushing.Within()).IsCanceled);
        Assert.That(Pattern.FirstWrong(await pair.HearAsync(200_000), 0), Is.EqualTo(-1));
        Assert.That((await connection.Output.FlushAsync().Within()).IsCanceled, Is.False);
    }

    [Test]
    public async Task CancelPendingFlush_with_no_flush_waiting_cancels_the_next_one()
    {
        using SocketPair pair = SocketPair.Tcp();
        using SessionConnection connection = new(pair.Server);
        connection.Output.CancelPendingFlush();
        Assert.That((await connection.Output.FlushAsync().Within()).IsCanceled);
        Assert.That((await connection.Output.FlushAsync().Within()).IsCanceled, Is.False);
    }

    [Test]
    public async Task A_flush_while_captured_does_not_wait_and_is_neither_lost_nor_doubled()
    {
        using SocketPair pair = SocketPair.Tcp();
        await using SessionConnection connection = new(pair.Server);
        _ = connection.SuspendAsync();
        Stage(connection.Output, "hello"u8.ToArray());
        Assert.That(connection.Capture(0).UnsentOutput.Length, Is.EqualTo(5));
        Assert.That(connection.Output.FlushAsync().IsCompletedSuccessfully);
        Stage(connection.Output, " again"u8.ToArray());
        connection.Output.Complete();
        Assert.That(pair.HeardSoFar, Is.Zero);
        connection.Resume();
        Assert.That(await pair.HearTextAsync(11), Is.EqualTo("hello again"));
        Assert.That(pair.HeardSoFar, Is.Zero);
    }

    [Test]
    public async Task A_flush_to_a_client_that_has_gone_says_that_it_is_over()
    {
        using SocketPair pair = SocketPair.Tcp();
        await using SessionConnection connection = new(pair.Server);
        pair.Reset();
        Assert.That(await connection.ReadLineAsync().Within(), Is.Null);
        Stage(connection.Output, "anyone?"u8.ToArray());
        Assert.That((await connection.Output.FlushAsync().Within()).IsCompleted);
    }

    [Test]
    public async Task Complete_flushes_what_was_staged()
    {
        using SocketPair pair = SocketPair.Tcp();
        await using SessionConnection connection = new(pair.Server);
        Stage(connection.Output, "bye"u8.ToArray());
        await connection.Output.CompleteAsync();
        Assert.That(await pair.HearTextAsync(3), Is.EqualTo("bye"));
    }

    [Test]
    public void Advancing_further_than_was_given_throws()
    {
        using SocketPair pair = SocketPair.Tcp();
        using SessionConnection connection = new(pair.Server);
        int given = connection.Output.GetMemory(10).Length;
        Assert.That(() => connection.Output.Advance(given + 1), Throws.InstanceOf<ArgumentOutOfRangeException>());
        Assert.That(() => connection.Output.Advance(-1), Throws.InstanceOf<ArgumentOutOfRangeException>());
    }
}

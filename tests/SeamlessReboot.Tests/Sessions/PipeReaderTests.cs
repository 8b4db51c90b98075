using System.Buffers;
using System.IO.Pipelines;
using System.Text;
using SeamlessReboot.Tests.Support;

namespace SeamlessReboot.Tests.Sessions;

[Parallelizable(ParallelScope.All)]
internal sealed class PipeReaderTests
{
    private static string Text(ReadResult result) => Encoding.UTF8.GetString(result.Buffer);

    [Test]
    public async Task What_was_not_consumed_comes_again_with_what_came_after_it()
    {
        using SocketPair pair = SocketPair.Tcp();
        using SessionConnection connection = new(pair.Server);
        pair.Say("abc");
        ReadResult result = await connection.Input.ReadAsync().Within();
        Assert.That(Text(result), Is.EqualTo("abc"));
        connection.Input.AdvanceTo(result.Buffer.GetPosition(1), result.Buffer.End);
        ValueTask<ReadResult> next = connection.Input.ReadAsync();
        Assert.That(next.IsCompleted, Is.False, "All of it has been examined, so the read waits for more.");
        pair.Say("d");
        result = await next.Within();
        Assert.That(Text(result), Is.EqualTo("bcd"));
    }

    [Test]
    public async Task What_was_not_examined_is_handed_out_again_at_once()
    {
        using SocketPair pair = SocketPair.Tcp();
        using SessionConnection connection = new(pair.Server);
        pair.Say("abc");
        ReadResult result = await connection.Input.ReadAsync().Within();
        connection.Input.AdvanceTo(result.Buffer.GetPosition(1));
        ValueTask<ReadResult> next = connection.Input.ReadAsync();
        Assert.That(next.IsCompletedSuccessfully);
        Assert.That(Text(await next), Is.EqualTo("bc"));
    }

    [Test]
    public async Task Pipelined_lines_are_in_one_buffer_and_can_be_taken_one_by_one()
    {
        using SocketPair pair = SocketPair.Tcp();
        using SessionConnection connection = new(pair.Server);
        pair.Say("one\ntwo\nthree\n");
        List<string> lines = [];
        while (lines.Count < 3)
        {
            ReadResult result = await connection.Input.ReadAsync().Within();
            SequencePosition? end = result.Buffer.PositionOf((byte)'\n');
            if (end is null)
            {
                connection.Input.AdvanceTo(result.Buffer.Start, result.Buffer.End);
                continue;
            }

            lines.Add(Encoding.UTF8.GetString(result.Buffer.Slice(0, end.Value)));
            connection.Input.AdvanceTo(result.Buffer.GetPosition(1, end.Value));
        }

        Assert.That(lines, Is.EqualTo(new[] { "one", "two", "three" }));
    }

    [Test]
    public async Task TryRead_takes_what_has_come_and_does_not_wait()
    {
        using SocketPair pair = SocketPair.Tcp();
        using SessionConnection connection = new(pair.Server);
        Assert.That(connection.Input.TryRead(out _), Is.False);
        pair.Say("abc");
        ReadResult result = await connection.Input.ReadAsync().Within();
        connection.Input.AdvanceTo(result.Buffer.GetPosition(1));
        Assert.That(connection.Input.TryRead(out result));
        Assert.That(Text(result), Is.EqualTo("bc"));
        connection.Input.AdvanceTo(result.Buffer.End);
        Assert.That(connection.Input.TryRead(out _), Is.False);
    }

    [Test]
    public async Task TryRead_sees_nothing_while_suspended()
    {
        using SocketPair pair = SocketPair.Tcp();
        using SessionConnection connection = new(pair.Server);
        pair.Say("abc");
        ReadResult result = await connection.Input.ReadAsync().Within();
        connection.Input.AdvanceTo(result.Buffer.Start);
        _ = connection.SuspendAsync();
        Assert.That(connection.Input.TryRead(out _), Is.False);
        connection.Resume();
        Assert.That(connection.Input.TryRead(out result));
        Assert.That(Text(result), Is.EqualTo("abc"));
    }

    [Test]
    public async Task CancelPendingRead_ends_the_waiting_read_and_takes_nothing()
    {
        using SocketPair pair = SocketPair.Tcp();
        using SessionConnection connection = new(pair.Server);
        ValueTask<ReadResult> waiting = connection.Input.ReadAsync();
        connection.Input.CancelPendingRead();
        ReadResult result = await waiting.Within();
        Assert.That(result.IsCanceled);
        Assert.That(result.Buffer.IsEmpty);
        connection.Input.AdvanceTo(result.Buffer.End);
        pair.Say("abc");
        result = await connection.Input.ReadAsync().Within();
        Assert.That((result.IsCanceled, Text(result)), Is.EqualTo((false, "abc")));
    }

    [Test]
    public async Task CancelPendingRead_with_no_read_waiting_cancels_the_next_one()
    {
        using SocketPair pair = SocketPair.Tcp();
        using SessionConnection connection = new(pair.Server);
        connection.Input.CancelPendingRead();
        Assert.That((await connection.Input.ReadAsync().Within()).IsCanceled);
        ValueTask<ReadResult> next = connection.Input.ReadAsync();
        Assert.That(next.IsCompleted, Is.False);
        pair.Say("x");
        Assert.That((await next.Within()).IsCanceled, Is.False);
    }

    [Test]
    public async Task A_cancelled_read_takes_nothing()
    {
        using SocketPair pair = SocketPair.Tcp();
        using SessionConnection connection = new(pair.Server);
        for (int i = 0; i < 50; i++)
        {
            using CancellationTokenSource cancel = new();
            Task<ReadResult> waiting = connection.Input.ReadAsync(cancel.Token).AsTask();
            Task cancelling = Task.Run(cancel.Cancel);
            pair.Say([(byte)i]);
            await cancelling;
            ReadResult result;
            try
            {
                result = await waiting.Within();
            }
            catch (OperationCanceledException)
            {
                result = await connection.Input.ReadAsync().Within();
            }

            Assert.That(result.Buffer.ToArray(), Is.EqualTo(new[] { (byte)i }));
            connection.Input.AdvanceTo(result.Buffer.End);
        }
    }

    [Test]
    public void A_read_whose_token_is_cancelled_already_throws_even_if_there_is_input()
    {
        using SocketPair pair = SocketPair.Tcp();
        using SessionConnection connection = new(pair.Server);
        pair.Say("abc");
        Assert.That(async () => await connection.Input.ReadAsync(new CancellationToken(true)).Within(), Throws.InstanceOf<OperationCanceledException>());
    }

    [Test]
    public async Task At_the_end_the_rest_comes_with_IsCompleted()
    {
        using SocketPair pair = SocketPair.Tcp();
        using SessionConnection connection = new(pair.Server);
        pair.Say("rest");
        pair.Client.Shutdown(System.Net.Sockets.SocketShutdown.Send);
        ReadResult result;
        while (true)
        {
            result = await connection.Input.ReadAsync().Within();
            if (result.IsCompleted)
                break;
            connection.Input.AdvanceTo(result.Buffer.Start, result.Buffer.End);
        }

        Assert.That(Text(result), Is.EqualTo("rest"));
        connection.Input.AdvanceTo(result.Buffer.End);
        result = await connection.Input.ReadAsync().Within();
        Assert.That((result.IsCompleted, result.Buffer.IsEmpty), Is.EqualTo((true, true)));
    }

    [Test]
    public async Task More_unread_input_than_InputLimit_throws_and_says_what_to_do()
    {
        using SocketPair pair = SocketPair.Tcp();
        using SessionConnection connection = new(pair.Server, new SessionConnectionOptions { InputLimit = 10 });
        pair.Say("0123456789abcdef");
        InvalidDataException? thrown = null;
        while (thrown is null)
        {
            try
            {
                ReadResult result = await connection.Input.ReadAsync().Within();
                Assert.That(result.Buffer.Length, Is.LessThanOrEqualTo(10));
                connection.Input.AdvanceTo(result.Buffer.Start, result.Buffer.End);
            }
            catch (InvalidDataException e)
            {
                thrown = e;
            }
        }

        Assert.That(thrown.Message, Does.Contain("10 bytes").And.Contain("raise SessionConnectionOptions.InputLimit"));
    }

    [Test]
    public async Task Messages_up_to_InputLimit_pass()
    {
        using SocketPair pair = SocketPair.Tcp();
        using SessionConnection connection = new(pair.Server, new SessionConnectionOptions { InputLimit = 10 });
        for (int i = 0; i < 100; i++)
        {
            pair.Say($"{i:000000000}\n");
            Assert.That(await connection.ReadLineAsync().Within(), Is.EqualTo($"{i:000000000}"));
        }
    }

    [Test]
    public async Task The_input_of_a_client_that_is_not_read_stays_in_the_kernel()
    {
        using SocketPair pair = SocketPair.Tcp(window: 4096);
        using SessionConnection connection = new(pair.Server, new SessionConnectionOptions { InputLimit = 1000 });
        pair.Say(Pattern.Bytes(0, 3000));
        ReadResult result = await connection.Input.ReadAsync().Within();
        Assert.That(result.Buffer.Length, Is.LessThanOrEqualTo(1000));
        connection.Input.AdvanceTo(result.Buffer.Start);
        await connection.SuspendAndCaptureAsync(snapshot => Assert.That(snapshot.UnreadInput.Length, Is.LessThanOrEqualTo(1000)));
    }
}

using System.IO.Pipelines;
using System.Text;
using SeamlessReboot.Tests.Support;

namespace SeamlessReboot.Tests.Sessions;

[Parallelizable(ParallelScope.All)]
internal sealed class SuspendTests
{
    private static string Text(ReadOnlyMemory<byte> bytes) => Encoding.UTF8.GetString(bytes.Span);

    [Test]
    public async Task A_session_that_waits_for_input_is_quiet_at_once()
    {
        using SocketPair pair = SocketPair.Tcp();
        await using SessionConnection connection = new(pair.Server);
        ValueTask<string?> line = connection.ReadLineAsync();
        Assert.That(connection.SuspendAsync().IsCompletedSuccessfully);
        connection.Resume();
        pair.Say("hello\n");
        Assert.That(await line.Within(), Is.EqualTo("hello"));
    }

    [Test]
    public async Task A_session_that_acts_on_its_input_is_awaited_until_it_reads_again()
    {
        using SocketPair pair = SocketPair.Tcp();
        await using SessionConnection connection = new(pair.Server);
        pair.Say("one\ntwo\n");
        Assert.That(await connection.ReadLineAsync().Within(), Is.EqualTo("one"));
        Task quiet = connection.SuspendAsync().AsTask();
        Assert.That(await quiet.StaysPendingAsync());
        Task<string?> next = connection.ReadLineAsync().AsTask();
        await quiet.Within();
        Assert.That(await next.StaysPendingAsync(), "A read parks, though its line is there.");
        connection.Resume();
        Assert.That(await next.Within(), Is.EqualTo("two"));
    }

    [Test]
    public async Task Asking_twice_gives_the_same_answer()
    {
        using SocketPair pair = SocketPair.Tcp();
        await using SessionConnection connection = new(pair.Server);
        Task first = connection.SuspendAsync().AsTask(), second = connection.SuspendAsync().AsTask();
        _ = connection.ReadLineAsync().AsTask();
        await Task.WhenAll(first, second).Within();
        Assert.That(connection.SuspendAsync().IsCompletedSuccessfully);
    }

    [Test]
    public async Task Waiting_for_quiet_can_be_given_up_and_a_resume_ends_it()
    {
        using SocketPair pair = SocketPair.Tcp();
        await using SessionConnection connection = new(pair.Server);
        using CancellationTokenSource cancel = new();
        Task given = connection.SuspendAsync(cancel.Token).AsTask(), kept = connection.SuspendAsync().AsTask();
        await cancel.CancelAsync();
        Assert.That(async () => await given.Within(), Throws.InstanceOf<OperationCanceledException>());
        Assert.That(kept.IsCompleted, Is.False);
        connection.Resume();
        await kept.Within();
    }

    [Test]
    public async Task Neither_bytes_nor_a_cancellation_wake_a_read_that_is_parked()
    {
        using SocketPair pair = SocketPair.Tcp();
        await using SessionConnection connection = new(pair.Server);
        using CancellationTokenSource cancel = new();
        Task<ReadResult> read = connection.Input.ReadAsync(cancel.Token).AsTask();
        await connection.SuspendAsync().Within();
        pair.Say("hello");
        connection.Input.CancelPendingRead();
        await cancel.CancelAsync();
        Assert.That(await read.StaysPendingAsync());
        Assert.That(connection.Capture(0).UnreadInput.Length, Is.Zero, "What came after is left in the kernel.");
        connection.Resume();
        Assert.That(async () => await read.Within(), Throws.InstanceOf<OperationCanceledException>());
        await Limits.UntilAsync(() => pair.Server.Available == 5, "the bytes are there");
    }

    [Test]
    public async Task The_end_of_the_input_does_not_wake_a_read_that_is_parked()
    {
        using SocketPair pair = SocketPair.Tcp();
        await using SessionConnection connection = new(pair.Server);
        Task<string?> read = connection.ReadLineAsync().AsTask();
        await connection.SuspendAsync().Within();
        pair.Client.Dispose();
        Assert.That(await read.StaysPendingAsync());
        connection.Resume();
        Assert.That(await read.Within(), Is.Null);
    }

    [Test]
    public async Task A_half_typed_line_is_captured_as_unread_input()
    {
        using SocketPair pair = SocketPair.Tcp();
        await using SessionConnection connection = new(pair.Server);
        Task<string?> line = connection.ReadLineAsync().AsTask();
        pair.Say("passw");
        await Limits.UntilAsync(() => pair.Server.Available == 0, "it is taken");
        await connection.SuspendAsync().Within();
        Assert.That(Text(connection.Capture(0).UnreadInput), Is.EqualTo("passw"));
        connection.Resume();
        pair.Say("ord\n");
        Assert.That(await line.Within(), Is.EqualTo("password"));
    }

    [Test]
    public async Task Pipelined_lines_are_captured_as_unread_input()
    {
        using SocketPair pair = SocketPair.Tcp();
        await using SessionConnection connection = new(pair.Server);
        pair.Say("one\ntwo\nthree\n");
        Assert.That(await connection.ReadLineAsync().Within(), Is.EqualTo("one"));
        ValueTask quiet = connection.SuspendAsync();
        Task<string?> next = connection.ReadLineAsync().AsTask();
        await quiet.Within();
        Assert.That(Text(connection.Capture(0).UnreadInput), Is.EqualTo("two\nthree\n"));
        connection.Resume();
        Assert.That(await next.Within(), Is.EqualTo("two"));
    }

    [Test]
    public async Task Writes_while_suspended_go_out_until_the_capture()
    {
        using SocketPair pair = SocketPair.Tcp();
        await using SessionConnection connection = new(pair.Server);
        _ = connection.ReadLineAsync().AsTask();
        await connection.SuspendAsync().Within();
        await connection.WriteAsync("one ").Within();
        Assert.That(connection.TryWrite("two"u8));
        Assert.That(await pair.HearTextAsync(7), Is.EqualTo("one two"), "Somebody who is late for long still hears what is said.");
        Assert.That(connection.Capture(0).UnsentOutput.Length, Is.Zero);
        connection.Resume();
    }

    [Test]
    public async Task What_a_slow_client_takes_while_suspended_is_not_in_the_snapshot_and_the_rest_is()
    {
        using SocketPair pair = SocketPair.Tcp(window: 4096);
        using SessionConnection connection = new(pair.Server, new SessionConnectionOptions { OutputLimit = 10_000_000 });
        for (int round = 0; round < 50; round++)
        {
            _ = connection.SuspendAsync();
            Assert.That(connection.TryWrite(Pattern.Bytes(round * 20_000L, 20_000)));
            Task<byte[]> hearing = pair.HearAsync(15_000);
            await Task.Yield();
            byte[] unsent = connection.Capture(0).UnsentOutput.ToArray();
            await Task.Yield();
            Assert.That(connection.Capture(0).UnsentOutput.Span.SequenceEqual(unsent), "Nothing goes out while captured.");
            connection.Resume();
            Assert.That(Pattern.FirstWrong(await hearing, round * 15_000L), Is.EqualTo(-1));
        }

        Assert.That(Pattern.FirstWrong(await pair.HearAsync(250_000), 750_000), Is.EqualTo(-1));
    }

    [Test]
    public async Task Writes_while_suspended_do_not_wait_at_OutputLimit()
    {
        using SocketPair pair = SocketPair.Tcp(window: 4096);
        using SessionConnection connection = new(pair.Server, new SessionConnectionOptions { OutputLimit = 1000 });
        Task writing = connection.WriteAsync(Pattern.Bytes(0, 300_000)).AsTask();
        Assert.That(writing.IsCompleted, Is.False);
        _ = connection.SuspendAsync();
        await writing.Within();
        await connection.WriteAsync(Pattern.Bytes(300_000, 50_000)).Within();
        Assert.That(connection.TryWrite(Pattern.Bytes(350_000, 50_000)));
        connection.Resume();
        Assert.That(Pattern.FirstWrong(await pair.HearAsync(400_000), 0), Is.EqualTo(-1));
    }

    [Test]
    public async Task Writes_while_captured_are_kept_until_resumed_and_are_not_in_the_snapshot()
    {
        using SocketPair pair = SocketPair.Tcp();
        await using SessionConnection connection = new(pair.Server);
        _ = connection.SuspendAsync();
        connection.Capture(0);
        Assert.That(connection.TryWrite("before "u8));
        SessionSnapshot snapshot = connection.Capture(0);
        Assert.That(connection.WriteAsync("one ").IsCompletedSuccessfully);
        Assert.That(connection.TryWrite("two "u8));
        connection.AsStream().Write("three"u8);
        Assert.That(Text(snapshot.UnsentOutput), Is.EqualTo("before "));
        Assert.That(pair.HeardSoFar, Is.Zero);
        connection.Resume();
        Assert.That(await pair.HearTextAsync(20), Is.EqualTo("before one two three"));
    }

    [Test]
    public void A_snapshot_stays_as_it_was_however_much_is_written_after_it()
    {
        using SocketPair pair = SocketPair.Tcp();
        using SessionConnection connection = new(pair.Server, new SessionConnectionOptions { OutputLimit = 10_000_000 });
        _ = connection.SuspendAsync();
        connection.Capture(0);
        byte[] said = Pattern.Bytes(0, 5000);
        connection.TryWrite(said);
        ReadOnlyMemory<byte> unsent = connection.Capture(0).UnsentOutput;
        for (int i = 0; i < 100; i++)
        {
            connection.TryWrite(new byte[5000]);
            byte[] rented = System.Buffers.ArrayPool<byte>.Shared.Rent(8192); // what was given back too soon comes out here
            rented.AsSpan().Fill(0xFF);
        }

        Assert.That(unsent.Span.SequenceEqual(said));
    }

    [Test]
    public async Task TryWrite_refuses_at_OutputLimit_while_captured_and_WriteAsync_does_not_wait()
    {
        using SocketPair pair = SocketPair.Tcp();
        await using SessionConnection connection = new(pair.Server, new SessionConnectionOptions { OutputLimit = 1000 });
        _ = connection.SuspendAsync();
        connection.Capture(0);
        int taken = 0;
        while (connection.TryWrite(Pattern.Bytes(taken * 100, 100)))
            taken++;
        Assert.That(taken, Is.EqualTo(10));
        Assert.That(connection.WriteAsync(Pattern.Bytes(1000, 500)).IsCompletedSuccessfully);
        connection.Resume();
        Assert.That(Pattern.FirstWrong(await pair.HearAsync(1500), 0), Is.EqualTo(-1));
    }

    [Test]
    public async Task Many_threads_that_write_through_captures_wait_for_none_of_them_and_lose_nothing()
    {
        using SocketPair pair = SocketPair.Tcp();
        using SessionConnection connection = new(pair.Server, new SessionConnectionOptions { OutputLimit = 10_000_000 });
        const int Writers = 4, Lines = 3000;
        int captured = 1, during = 0;
        _ = connection.SuspendAsync();
        connection.Capture(0);
        Task[] writing = [.. Enumerable.Range(0, Writers).Select(writer => Task.Factory.StartNew(() =>
        {
            for (int i = 0; i < Lines; i++)
            {
                byte[] line = Encoding.ASCII.GetBytes($"{writer} {i:0000}\n");
                if (i % 2 == 0)
                    Assert.That(connection.TryWrite(line));
                else
                    Assert.That(connection.WriteAsync(line).IsCompletedSuccessfully);
                Interlocked.Add(ref during, Volatile.Read(ref captured));
            }
        }, TaskCreationOptions.LongRunning))];
        Task<string> hearing = pair.HearTextAsync(Writers * Lines * 7);
        await Limits.UntilAsync(() => Volatile.Read(ref during) > 100, "some have written while captured");
        connection.Resume();
        Volatile.Write(ref captured, 0);
        while (!Task.WhenAll(writing).IsCompleted)
        {
            _ = connection.SuspendAsync();
            connection.Capture(0);
            await Task.Yield();
            connection.Resume();
        }

        await Task.WhenAll(writing).Within();
        string[] lines = (await hearing).Split('\n', StringSplitOptions.RemoveEmptyEntries);
        for (int writer = 0; writer < Writers; writer++)
            Assert.That(lines.Where(l => l[0] == '0' + writer), Is.EqualTo(Enumerable.Range(0, Lines).Select(i => $"{writer} {i:0000}")));
    }

    [Test]
    public async Task A_read_of_a_connection_that_was_closed_ends_at_once_while_suspended()
    {
        using SocketPair pair = SocketPair.Tcp(window: 4096);
        SessionConnection connection = new(pair.Server);
        pair.Say("quit\nmore\n");
        Assert.That(await connection.ReadLineAsync().Within(), Is.EqualTo("quit"));
        await connection.WriteAsync(Pattern.Bytes(0, 200_000)); // so that the close takes time
        Task quiet = connection.SuspendAsync().AsTask();
        Assert.That(quiet.IsCompleted, Is.False);
        await connection.DisposeAsync().Within();
        await quiet.Within();
        Assert.That(connection.SuspendAsync().IsCompletedSuccessfully);
        Assert.That(await connection.ReadLineAsync().Within(), Is.Null, "What was typed after the quit is for nobody.");
        Assert.That(await connection.AsStream().ReadAsync(new byte[10]).Within(), Is.Zero);
        ReadResult result = await connection.Input.ReadAsync().Within();
        Assert.That((result.IsCompleted, result.Buffer.Length), Is.EqualTo((true, 0L)));
        connection.Input.AdvanceTo(result.Buffer.End);
        connection.Resume();
        Assert.That((await pair.HearToEndAsync()).Length, Is.EqualTo(200_000));
    }

    [Test]
    public async Task The_snapshot_holds_state_type_and_kind()
    {
        using SocketPair pair = SocketPair.Tcp();
        await using SessionConnection connection = new(pair.Server);
        SessionSnapshot snapshot = connection.Capture<object>("state", "editor");
        Assert.That((snapshot.State, snapshot.StateType, snapshot.Kind, snapshot.HasEnded), Is.EqualTo(("state", typeof(object), "editor", false)));
        connection.Resume();
    }

    [Test]
    public async Task Resuming_what_is_not_suspended_does_nothing()
    {
        using SocketPair pair = SocketPair.Tcp();
        await using SessionConnection connection = new(pair.Server);
        connection.Resume();
        ValueTask<string?> line = connection.ReadLineAsync();
        connection.Resume();
        pair.Say("x\n");
        Assert.That(await line.Within(), Is.EqualTo("x"));
    }

    [Test]
    public async Task Suspending_and_resuming_a_thousand_times_under_load_loses_nothing()
    {
        using SocketPair pair = SocketPair.Tcp();
        await using SessionConnection connection = new(pair.Server);
        Task echo = Task.Run(async () =>
        {
            while (await connection.ReadLineAsync() is string line)
                await connection.WriteAsync(line + "\n");
        });
        const int Lines = 2000;
        Task saying = Task.Run(() =>
        {
            for (int i = 0; i < Lines; i++)
                pair.Say($"{i:0000}\n");
        });
        Task<string> hearing = pair.HearTextAsync(Lines * 5);
        for (int i = 0; i < 1000; i++)
        {
            await connection.SuspendAsync().Within();
            if (i % 2 == 0)
                connection.Capture(0);
            connection.Resume();
        }

        await saying.Within();
        Assert.That(await hearing, Is.EqualTo(string.Concat(Enumerable.Range(0, Lines).Select(i => $"{i:0000}\n"))));
        pair.Client.Dispose();
        await echo.Within();
    }
}

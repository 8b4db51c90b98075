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
    public async Task Writes_while_suspended_are_kept_and_not_sent()
    {
        using SocketPair pair = SocketPair.Tcp();
        await using SessionConnection connection = new(pair.Server);
        _ = connection.ReadLineAsync().AsTask();
        await connection.SuspendAsync().Within();
        await connection.WriteAsync("one ").Within();
        Assert.That(connection.TryWrite("two"u8));
        Assert.That(Text(connection.Capture(0).UnsentOutput), Is.EqualTo("one two"));
        Assert.That(pair.HeardSoFar, Is.Zero);
        connection.Resume();
        Assert.That(await pair.HearTextAsync(7), Is.EqualTo("one two"));
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
    public async Task Writes_while_captured_wait_and_are_not_in_the_snapshot()
    {
        using SocketPair pair = SocketPair.Tcp();
        await using SessionConnection connection = new(pair.Server);
        _ = connection.SuspendAsync();
        SessionSnapshot snapshot = connection.Capture(0);
        Task writing = connection.WriteAsync("hello ").AsTask(), trying = Task.Run(() => connection.TryWrite("again"u8));
        Assert.That(await Task.WhenAny(writing, trying).StaysPendingAsync());
        Assert.That(snapshot.UnsentOutput.Length, Is.Zero);
        connection.Resume();
        await Task.WhenAll(writing, trying).Within();
        Assert.That(await pair.HearTextAsync(11), Does.Contain("hello ").And.Contain("again"));
    }

    [Test]
    public async Task A_write_that_waits_because_of_a_capture_can_be_cancelled_and_is_not_sent_then()
    {
        using SocketPair pair = SocketPair.Tcp();
        await using SessionConnection connection = new(pair.Server);
        _ = connection.SuspendAsync();
        connection.Capture(0);
        using CancellationTokenSource cancel = new();
        Task writing = connection.WriteAsync("no", cancel.Token).AsTask();
        await cancel.CancelAsync();
        Assert.That(async () => await writing.Within(), Throws.InstanceOf<OperationCanceledException>());
        connection.Resume();
        await connection.WriteAsync("yes");
        Assert.That(await pair.HearTextAsync(3), Is.EqualTo("yes"));
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

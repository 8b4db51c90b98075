using System.IO.Pipelines;
using System.Net.Sockets;
using System.Text;
using SeamlessReboot.Tests.Support;

namespace SeamlessReboot.Tests.Sessions;

[Parallelizable(ParallelScope.All)]
internal sealed class PollingTests
{
    private static string? Poll(SessionConnection connection) => connection.TryReadLine(out string? line) ? line : null;

    [Test]
    public async Task Lines_are_received_as_they_come_and_nothing_waits()
    {
        using SocketPair pair = SocketPair.Tcp();
        using SessionConnection connection = new(pair.Server);
        Assert.That(Poll(connection), Is.Null);
        pair.Say("one\r\n\ntw");
        await Limits.UntilAsync(() => pair.Server.Available == 8, "all of it is there");
        Assert.That(Poll(connection), Is.EqualTo("one"));
        Assert.That(Poll(connection), Is.EqualTo(""));
        Assert.That(Poll(connection), Is.Null);
        pair.Say("o\n");
        string? line = null;
        await Limits.UntilAsync(() => (line = Poll(connection)) is not null, "the rest is there");
        Assert.That(line, Is.EqualTo("two"));
        Assert.That(connection.IsInputOver, Is.False);
    }

    [Test]
    public async Task A_line_longer_than_the_first_buffer_is_put_together()
    {
        using SocketPair pair = SocketPair.Tcp();
        using SessionConnection connection = new(pair.Server);
        string said = new('x', 50_000);
        pair.Say(said + "\n");
        string? line = null;
        await Limits.UntilAsync(() => (line = Poll(connection)) is not null, "the line is there");
        Assert.That(line, Is.EqualTo(said));
    }

    [Test]
    public async Task A_line_longer_than_InputLimit_throws()
    {
        using SocketPair pair = SocketPair.Tcp();
        using SessionConnection connection = new(pair.Server, new SessionConnectionOptions { InputLimit = 10 });
        pair.Say("0123456789abcdef");
        await Limits.UntilAsync(() => pair.Server.Available == 16, "it is there");
        Assert.That(() => Poll(connection), Throws.TypeOf<InvalidDataException>());
        Assert.That(() => connection.Input.TryRead(out _), Throws.TypeOf<InvalidDataException>());
    }

    [Test]
    public async Task The_end_is_visible_after_the_last_line()
    {
        using SocketPair pair = SocketPair.Tcp();
        using SessionConnection connection = new(pair.Server);
        pair.Say("one\nunfinished");
        pair.Client.Shutdown(SocketShutdown.Send);
        List<string> lines = [];
        await Limits.UntilAsync(() =>
        {
            while (connection.TryReadLine(out string? line))
                lines.Add(line);
            return connection.IsInputOver;
        }, "the input is over");
        Assert.That(lines, Is.EqualTo(new[] { "one", "unfinished" }));
    }

    [Test]
    public async Task A_client_that_resets_the_connection_has_ended_its_input()
    {
        using SocketPair pair = SocketPair.Tcp();
        using SessionConnection connection = new(pair.Server);
        pair.Reset();
        await Limits.UntilAsync(() => Poll(connection) is null && connection.IsInputOver, "the input is over");
    }

    [Test]
    public async Task Bytes_are_taken_as_many_as_fit()
    {
        using SocketPair pair = SocketPair.Tcp();
        using SessionConnection connection = new(pair.Server);
        byte[] buffer = new byte[4];
        Assert.That(connection.TryRead(buffer, out int count), Is.False);
        Assert.That(count, Is.Zero);
        pair.Say("abcdef");
        await Limits.UntilAsync(() => pair.Server.Available == 6, "it is there");
        Assert.That((connection.TryRead(buffer, out count), count), Is.EqualTo((true, 4)));
        Assert.That(Encoding.ASCII.GetString(buffer), Is.EqualTo("abcd"));
        Assert.That((connection.TryRead(buffer, out count), count), Is.EqualTo((true, 2)));
        Assert.That(connection.TryRead([], out _), Is.False);
        pair.Client.Shutdown(SocketShutdown.Send);
        await Limits.UntilAsync(() => !connection.TryRead(buffer, out _) && connection.IsInputOver, "the input is over");
    }

    [Test]
    public async Task The_pipe_can_be_polled_and_shows_the_end()
    {
        using SocketPair pair = SocketPair.Tcp();
        using SessionConnection connection = new(pair.Server);
        Assert.That(connection.Input.TryRead(out _), Is.False);
        pair.Say("ab");
        ReadResult result = default;
        await Limits.UntilAsync(() => connection.Input.TryRead(out result), "there is something to read");
        connection.Input.AdvanceTo(result.Buffer.GetPosition(1), result.Buffer.End);
        Assert.That(connection.Input.TryRead(out _), Is.False, "All of it has been examined.");
        pair.Say("c");
        await Limits.UntilAsync(() => connection.Input.TryRead(out result), "there is more to read");
        Assert.That(Encoding.ASCII.GetString(result.Buffer), Is.EqualTo("bc"));
        connection.Input.AdvanceTo(result.Buffer.End);
        pair.Client.Shutdown(SocketShutdown.Send);
        await Limits.UntilAsync(() => connection.Input.TryRead(out result), "the end is seen");
        Assert.That((result.IsCompleted, result.Buffer.IsEmpty), Is.EqualTo((true, true)));
    }

    [Test]
    public async Task While_suspended_nothing_is_received_and_a_loop_is_given_what_was()
    {
        using SocketPair pair = SocketPair.Tcp();
        using SessionConnection connection = new(pair.Server);
        pair.Say("one\ntwo\nthree\nhal");
        await Limits.UntilAsync(() => pair.Server.Available == 17, "it is there");
        Assert.That(Poll(connection), Is.EqualTo("one"));
        _ = connection.SuspendAsync();
        pair.Say("f\n");
        // A loop that waits for the kernel to have bytes would not come back for these until the client says more.
        Assert.That((Poll(connection), connection.Input.TryRead(out _)), Is.EqualTo(("two", false)));
        Assert.That(Encoding.ASCII.GetString(connection.Capture(0).UnreadInput.Span), Is.EqualTo("three\nhal"));
        Assert.That((Poll(connection), connection.TryRead(new byte[9], out _), connection.Input.TryRead(out _)), Is.EqualTo(((string?)null, false, false)));
        connection.Resume();
        Assert.That(Poll(connection), Is.EqualTo("three"));
        string? line = null;
        await Limits.UntilAsync(() => (line = Poll(connection)) is not null, "the rest is there");
        Assert.That(line, Is.EqualTo("half"));
    }

    [Test]
    public async Task Output_is_sent_when_the_client_takes_it_though_nobody_reads_or_waits()
    {
        using SocketPair pair = SocketPair.Tcp(window: 4096);
        using SessionConnection connection = new(pair.Server);
        Assert.That(connection.TryWrite(Pattern.Bytes(0, 200_000)));
        Assert.That(Pattern.FirstWrong(await pair.HearAsync(200_000), 0), Is.EqualTo(-1));
    }

    [Test]
    public void Polling_beside_a_read_that_waits_is_refused()
    {
        using SocketPair pair = SocketPair.Tcp();
        using SessionConnection connection = new(pair.Server);
        _ = connection.ReadLineAsync().AsTask();
        Assert.That(() => Poll(connection), Throws.InvalidOperationException);
        Assert.That(() => connection.TryRead(new byte[1], out _), Throws.InvalidOperationException);
        Assert.That(() => connection.Input.TryRead(out _), Throws.InvalidOperationException);
    }

    [Test]
    public async Task Polling_and_waiting_can_follow_each_other()
    {
        using SocketPair pair = SocketPair.Tcp();
        using SessionConnection connection = new(pair.Server);
        using CancellationTokenSource cancel = new();
        Task<string?> waiting = connection.ReadLineAsync(cancel.Token).AsTask();
        await cancel.CancelAsync();
        Assert.That(async () => await waiting.Within(), Throws.InstanceOf<OperationCanceledException>());
        connection.Input.CancelPendingRead();
        pair.Say("one\ntwo\n");
        await Limits.UntilAsync(() => Poll(connection) == "one", "the first is there");
        Assert.That(await connection.ReadLineAsync().Within(), Is.EqualTo("two"));
        pair.Say("three\n");
        Assert.That(await connection.ReadLineAsync().Within(), Is.EqualTo("three"));
    }

    [Test]
    public async Task A_closed_connection_gives_nothing_and_is_over()
    {
        using SocketPair pair = SocketPair.Tcp();
        SessionConnection connection = new(pair.Server);
        pair.Say("quit\nmore\n");
        await Limits.UntilAsync(() => Poll(connection) == "quit", "it is there");
        _ = connection.SuspendAsync();
        _ = connection.DisposeAsync().AsTask();
        Assert.That((Poll(connection), connection.TryRead(new byte[9], out _), connection.IsInputOver), Is.EqualTo(((string?)null, false, true)));
        connection.Resume();
        Assert.That((Poll(connection), connection.TryRead(new byte[9], out _), connection.IsInputOver), Is.EqualTo(((string?)null, false, true)));
    }
}

using System.Text;
using SeamlessReboot.Tests.Support;

namespace SeamlessReboot.Tests.Sessions;

[Parallelizable(ParallelScope.All)]
internal sealed class LineStreamTests
{
    private static readonly UTF8Encoding _utf8 = new(false);

    [Test]
    public async Task A_read_returns_at_most_one_line()
    {
        using SocketPair pair = SocketPair.Tcp();
        await using SessionConnection connection = new(pair.Server);
        Stream stream = connection.AsStream();
        pair.Say("one\ntwo\r\nthr");
        byte[] buffer = new byte[100];
        Assert.That(_utf8.GetString(buffer, 0, await stream.ReadAsync(buffer).Within()), Is.EqualTo("one\n"));
        Assert.That(_utf8.GetString(buffer, 0, await stream.ReadAsync(buffer).Within()), Is.EqualTo("two\r\n"));
        ValueTask<int> waiting = stream.ReadAsync(buffer);
        Assert.That(waiting.IsCompleted, Is.False, "Half a line is not handed out.");
        pair.Say("ee\n");
        Assert.That(_utf8.GetString(buffer, 0, await waiting.Within()), Is.EqualTo("three\n"));
    }

    [Test]
    public async Task A_long_line_comes_through_a_small_buffer_in_pieces()
    {
        using SocketPair pair = SocketPair.Tcp();
        await using SessionConnection connection = new(pair.Server);
        Stream stream = connection.AsStream();
        pair.Say("0123456789\nx\n");
        byte[] buffer = new byte[4];
        List<string> pieces = [];
        while (pieces.Count < 4)
            pieces.Add(_utf8.GetString(buffer, 0, await stream.ReadAsync(buffer).Within()));
        Assert.That(pieces, Is.EqualTo(new[] { "0123", "4567", "89\n", "x\n" }));
    }

    [Test]
    public async Task The_rest_of_a_line_that_was_begun_is_handed_out_even_while_suspending()
    {
        using SocketPair pair = SocketPair.Tcp();
        await using SessionConnection connection = new(pair.Server);
        Stream stream = connection.AsStream();
        pair.Say("0123456789\nnext\n");
        byte[] buffer = new byte[8];
        Assert.That(await stream.ReadAsync(buffer).Within(), Is.EqualTo(8));
        ValueTask quiet = connection.SuspendAsync();
        Assert.That(quiet.IsCompleted, Is.False, "A reader above holds half a line.");
        Assert.That(_utf8.GetString(buffer, 0, await stream.ReadAsync(buffer).Within()), Is.EqualTo("89\n"));
        ValueTask<int> next = stream.ReadAsync(buffer);
        await quiet.Within();
        Assert.That(next.IsCompleted, Is.False);
        Assert.That(_utf8.GetString(connection.Capture(0).UnreadInput.Span), Is.EqualTo("next\n"));
        connection.Resume();
        Assert.That(await next.Within(), Is.EqualTo(5));
    }

    [Test]
    public async Task A_reader_of_lines_holds_nothing_when_the_session_is_quiet()
    {
        using SocketPair pair = SocketPair.Tcp();
        await using SessionConnection connection = new(pair.Server);
        using StreamReader reader = new(connection.AsStream(), _utf8, leaveOpen: true);
        pair.Say("one\ntwo\nthree\nhal");
        Assert.That(await reader.ReadLineAsync().Within(), Is.EqualTo("one"));
        Assert.That(await reader.ReadLineAsync().Within(), Is.EqualTo("two"));
        ValueTask quiet = connection.SuspendAsync();
        Task<string?> third = reader.ReadLineAsync();
        await quiet.Within();
        Assert.That(third.IsCompleted, Is.False);
        string unread = _utf8.GetString(connection.Capture(0).UnreadInput.Span);
        connection.Resume();
        Assert.That("three\nhal".StartsWith(unread, StringComparison.Ordinal));
        Assert.That(await third.Within(), Is.EqualTo("three"));
    }

    [TestCase(128)]
    [TestCase(1024)]
    public async Task A_StreamReader_reads_what_was_said(int bufferSize)
    {
        using SocketPair pair = SocketPair.Tcp();
        await using SessionConnection connection = new(pair.Server);
        using StreamReader reader = new(connection.AsStream(), _utf8, bufferSize: bufferSize, leaveOpen: true);
        string[] lines = ["", "x", new string('ü', 500), "🎲🎲🎲", new string('z', 127), new string('z', 128), "last, without its end"];
        Task saying = Task.Run(() =>
        {
            pair.Say(string.Join("\r\n", lines));
            pair.Client.Shutdown(System.Net.Sockets.SocketShutdown.Send);
        });
        foreach (string line in lines)
            Assert.That(await reader.ReadLineAsync().Within(), Is.EqualTo(line));
        Assert.That(await reader.ReadLineAsync().Within(), Is.Null);
        await saying;
    }

    [Test]
    public async Task The_synchronous_calls_do_the_same()
    {
        using SocketPair pair = SocketPair.Tcp();
        await using SessionConnection connection = new(pair.Server);
        string? line = await Task.Run(() =>
        {
            using StreamReader reader = new(connection.AsStream(), _utf8, leaveOpen: true);
            using StreamWriter writer = new(connection.AsStream(), _utf8, leaveOpen: true) { AutoFlush = true };
            pair.Say("hello\n");
            string? said = reader.ReadLine();
            writer.WriteLine("you said " + said);
            return said;
        }).Within();
        Assert.That(line, Is.EqualTo("hello"));
        Assert.That(await pair.HearTextAsync(15), Is.EqualTo("you said hello" + Environment.NewLine));
    }

    [Test]
    public async Task A_StreamWriter_is_heard_when_it_flushes()
    {
        using SocketPair pair = SocketPair.Tcp();
        await using SessionConnection connection = new(pair.Server);
        await using StreamWriter writer = new(connection.AsStream(), _utf8, leaveOpen: true) { NewLine = "\r\n" };
        await writer.WriteLineAsync("grüße");
        await writer.FlushAsync();
        Assert.That(await pair.HearTextAsync(9), Is.EqualTo("grüße\r\n"));
    }

    [Test]
    public async Task Disposing_the_stream_closes_the_connection_after_the_last_output()
    {
        using SocketPair pair = SocketPair.Tcp();
        SessionConnection connection = new(pair.Server);
        Stream stream = connection.AsStream();
        await stream.WriteAsync("bye"u8.ToArray());
        await stream.DisposeAsync().Within();
        Assert.That(_utf8.GetString(await pair.HearToEndAsync()), Is.EqualTo("bye"));
        Assert.That(connection.IsClosed);
    }

    [Test]
    public void An_empty_buffer_is_read_into_at_once()
    {
        using SocketPair pair = SocketPair.Tcp();
        using SessionConnection connection = new(pair.Server);
        Assert.That(connection.AsStream().ReadAsync(Memory<byte>.Empty).IsCompletedSuccessfully);
    }

    [Test]
    public void It_cannot_seek()
    {
        using SocketPair pair = SocketPair.Tcp();
        using SessionConnection connection = new(pair.Server);
        Stream stream = connection.AsStream();
        Assert.That((stream.CanRead, stream.CanWrite, stream.CanSeek), Is.EqualTo((true, true, false)));
        Assert.That(() => stream.Length, Throws.TypeOf<NotSupportedException>());
        Assert.That(() => stream.Position, Throws.TypeOf<NotSupportedException>());
        Assert.That(() => stream.Position = 1, Throws.TypeOf<NotSupportedException>());
        Assert.That(() => stream.Seek(0, SeekOrigin.Begin), Throws.TypeOf<NotSupportedException>());
        Assert.That(() => stream.SetLength(1), Throws.TypeOf<NotSupportedException>());
        Assert.That(stream.Flush, Throws.Nothing);
    }
}

using System.Text;
using SeamlessReboot.Tests.Support;

namespace SeamlessReboot.Tests.Sessions;

[Parallelizable(ParallelScope.All)]
internal sealed class LineReaderTests
{
    [Test]
    public async Task Bytes_that_look_like_a_byte_order_mark_are_read_as_what_they_are()
    {
        using SocketPair pair = SocketPair.Tcp();
        await using SessionConnection connection = new(pair.Server);
        pair.Say([0xFF, 0xFE, 0x01, (byte)'h', (byte)'i', (byte)'\r', (byte)'\n', 0xEF, 0xBB, 0xBF, (byte)'x', (byte)'\n']);
        Assert.That(await connection.AsReader().ReadLineAsync().Within(), Is.EqualTo("\uFFFD\uFFFD\u0001hi"));
        Assert.That(await connection.AsReader(Encoding.UTF8).ReadLineAsync().Within(), Is.EqualTo("\uFEFFx"));
    }

    [Test]
    public async Task Nothing_is_in_the_reader_between_two_lines_even_if_it_is_made_anew_for_each()
    {
        using SocketPair pair = SocketPair.Tcp();
        await using SessionConnection connection = new(pair.Server);
        pair.Say("one\rstill one\ntwo\r\nhal");
        Assert.That(await connection.AsReader().ReadLineAsync().Within(), Is.EqualTo("one\rstill one"));
        Assert.That(await connection.AsReader().ReadLineAsync().Within(), Is.EqualTo("two"));
        ValueTask quiet = connection.SuspendAsync();
        Task<string?> third = connection.AsReader().ReadLineAsync();
        await quiet.Within();
        Assert.That("hal".StartsWith(Encoding.UTF8.GetString(connection.Capture(0).UnreadInput.Span), StringComparison.Ordinal));
        connection.Resume();
        pair.Say("f\n");
        Assert.That(await third.Within(), Is.EqualTo("half"));
    }

    [Test]
    public async Task The_encoding_of_the_connection_is_that_of_its_text()
    {
        using SocketPair pair = SocketPair.Tcp();
        await using SessionConnection connection = new(pair.Server, new SessionConnectionOptions { Encoding = Encoding.Latin1 });
        pair.Say([0xFC, (byte)'\n', 0xE4, (byte)'\n', 0xFF, 0xFE, (byte)'\n', 0xC3, 0xBC, (byte)'\n']);
        Assert.That(await connection.ReadLineAsync().Within(), Is.EqualTo("ü"));
        Assert.That(connection.TryReadLine(out string? polled));
        Assert.That(polled, Is.EqualTo("ä"));
        Assert.That(await connection.AsReader().ReadLineAsync().Within(), Is.EqualTo("ÿþ"));
        Assert.That(await connection.AsReader(Encoding.UTF8).ReadLineAsync().Within(), Is.EqualTo("ü"));
        await connection.WriteAsync("ü");
        await connection.AsWriter().WriteAsync("ä");
        await connection.AsWriter(Encoding.UTF8).WriteAsync("ü");
        Assert.That(await pair.HearAsync(4), Is.EqualTo(new byte[] { 0xFC, 0xE4, 0xC3, 0xBC }));
    }

    [Test]
    public async Task Lines_come_as_bytes_too()
    {
        using SocketPair pair = SocketPair.Tcp();
        await using SessionConnection connection = new(pair.Server);
        pair.Say([0xFF, 0xFE, 1, (byte)'\r', (byte)'\n', (byte)'\n', (byte)'e']);
        pair.Client.Shutdown(System.Net.Sockets.SocketShutdown.Send);
        Assert.That(await connection.ReadLineBytesAsync().Within(), Is.EqualTo(new byte[] { 0xFF, 0xFE, 1 }));
        Assert.That(await connection.ReadLineBytesAsync().Within(), Is.Empty);
        Assert.That(await connection.ReadLineBytesAsync().Within(), Is.EqualTo("e"u8.ToArray()));
        Assert.That(await connection.ReadLineBytesAsync().Within(), Is.Null);
    }

    [Test]
    public async Task The_synchronous_calls_and_those_by_characters_do_the_same()
    {
        using SocketPair pair = SocketPair.Tcp();
        await using SessionConnection connection = new(pair.Server);
        pair.Say("one\r\ntwo\r\nthree\nfour\nfi\nsix");
        pair.Client.Shutdown(System.Net.Sockets.SocketShutdown.Send);
        await Task.Run(async () =>
        {
            using TextReader reader = connection.AsReader();
            Assert.That(reader.ReadLine(), Is.EqualTo("one"));
            Assert.That(reader.Peek(), Is.EqualTo(-1));
            Assert.That(((char)reader.Read(), (char)reader.Peek()), Is.EqualTo(('t', 'w')));
            Assert.That(reader.ReadLine(), Is.EqualTo("wo"));
            char[] some = new char[4];
            Assert.That((await reader.ReadAsync(some, 0, 4), new string(some)), Is.EqualTo((4, "thre")));
            Assert.That(await reader.ReadLineAsync(), Is.EqualTo("e"));
            Assert.That((reader.Read(some.AsSpan(1, 3)), new string(some)), Is.EqualTo((3, "tfou")));
            Assert.That(await reader.ReadAsync(Memory<char>.Empty), Is.Zero);
            Assert.That(reader.ReadToEnd(), Is.EqualTo("r\nfi\nsix"));
            Assert.That((reader.Read(), reader.ReadLine(), await reader.ReadLineAsync()), Is.EqualTo((-1, (string?)null, (string?)null)));
        }).Within();
        Assert.That(connection.IsClosed, Is.False, "Disposing the reader does nothing.");
    }

    [Test]
    public async Task A_cancelled_read_takes_nothing()
    {
        using SocketPair pair = SocketPair.Tcp();
        await using SessionConnection connection = new(pair.Server);
        TextReader reader = connection.AsReader();
        using CancellationTokenSource cancel = new();
        Task<string?> waiting = reader.ReadLineAsync(cancel.Token).AsTask();
        pair.Say("hal");
        await Limits.UntilAsync(() => pair.Server.Available == 0, "it is taken");
        await cancel.CancelAsync();
        Assert.That(async () => await waiting.Within(), Throws.InstanceOf<OperationCanceledException>());
        pair.Say("f\n");
        Assert.That(await reader.ReadLineAsync().Within(), Is.EqualTo("half"));
    }

    [Test]
    public async Task A_line_that_its_encoding_refuses_is_thrown_once()
    {
        using SocketPair pair = SocketPair.Tcp();
        await using SessionConnection connection = new(pair.Server, new SessionConnectionOptions { Encoding = new UTF8Encoding(false, true) });
        pair.Say([0xFF, (byte)'\n', (byte)'x', (byte)'\n']);
        Assert.That(async () => await connection.ReadLineAsync().Within(), Throws.InstanceOf<DecoderFallbackException>());
        Assert.That(await connection.ReadLineAsync().Within(), Is.EqualTo("x"));
    }

    [Test]
    public void An_encoding_in_which_lines_cannot_be_found_is_refused()
    {
        using SocketPair pair = SocketPair.Tcp();
        using SessionConnection connection = new(pair.Server);
        Assert.That(() => connection.AsReader(Encoding.Unicode), Throws.ArgumentException.With.Message.Contains("Latin-1"));
        Assert.That(() => connection.AsWriter(Encoding.UTF32), Throws.ArgumentException);
        Assert.That(() => new SessionConnectionOptions { Encoding = Encoding.BigEndianUnicode }, Throws.ArgumentException);
        Assert.That(() => new SessionConnectionOptions { Encoding = null! }, Throws.ArgumentNullException);
    }
}

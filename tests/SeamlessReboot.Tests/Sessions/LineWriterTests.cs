using System.Globalization;
using System.Text;
using SeamlessReboot.Tests.Support;

namespace SeamlessReboot.Tests.Sessions;

[Parallelizable(ParallelScope.All)]
internal sealed class LineWriterTests
{
    [Test]
    public async Task What_is_written_is_heard_without_a_flush_and_without_a_byte_order_mark()
    {
        using SocketPair pair = SocketPair.Tcp();
        await using SessionConnection connection = new(pair.Server);
        TextWriter writer = connection.AsWriter(Encoding.UTF8);
        writer.Write("grüße");
        Assert.That(await pair.HearTextAsync(7), Is.EqualTo("grüße"));
        await writer.WriteLineAsync("!");
        Assert.That(await pair.HearTextAsync(3), Is.EqualTo("!\r\n"));
        Assert.That(writer.Encoding, Is.SameAs(Encoding.UTF8));
    }

    [Test]
    public async Task Every_way_to_write_does_the_same()
    {
        using SocketPair pair = SocketPair.Tcp();
        await using SessionConnection connection = new(pair.Server);
        using (TextWriter writer = connection.AsWriter())
        {
            writer.NewLine = "\n";
            writer.Write('a');
            writer.Write(['b']);
            writer.Write("c".AsSpan());
            writer.Write(string.Create(CultureInfo.InvariantCulture, $"{1}"));
            writer.Write((string?)null);
            writer.WriteLine();
            writer.WriteLine("d");
            writer.WriteLine("e".AsSpan());
            writer.WriteLine(['f']);
            await writer.WriteAsync('g');
            await writer.WriteAsync(['h'], 0, 1);
            await writer.WriteAsync("i".AsMemory());
            await writer.WriteAsync(new StringBuilder("j"));
            await writer.WriteLineAsync();
            await writer.WriteLineAsync('k');
            await writer.WriteLineAsync(['l'], 0, 1);
            await writer.WriteLineAsync("m".AsMemory());
            await writer.WriteAsync("🎲"[0]); // half of it
            await writer.WriteAsync("🎲"[1]);
            writer.Flush();
            await writer.FlushAsync();
            await writer.FlushAsync(CancellationToken.None);
        }

        Assert.That(await pair.HearTextAsync(26), Is.EqualTo("abc1\nd\ne\nf\nghij\nk\nl\nm\n🎲"));
        Assert.That(connection.IsClosed, Is.False, "Disposing the writer does nothing.");
    }

    [Test]
    public async Task A_line_of_text_stays_together_whoever_writes()
    {
        using SocketPair pair = SocketPair.Tcp(window: 8192);
        using SessionConnection connection = new(pair.Server, new SessionConnectionOptions { OutputLimit = 32 * 1024 });
        TextWriter writer = connection.AsWriter();
        Task[] writing = [.. Enumerable.Range(0, 4).Select(w => Task.Run(async () =>
        {
            for (int i = 0; i < 100; i++)
                await writer.WriteLineAsync(new string((char)('a' + w), 998));
        }))];
        string heard = await pair.HearTextAsync(400 * 1000);
        await Task.WhenAll(writing).Within();
        Assert.That(heard.Split("\r\n")[..^1], Has.All.Match("^(a{998}|b{998}|c{998}|d{998})$"));
    }

    [Test]
    public async Task It_waits_for_a_client_that_does_not_read_and_never_for_a_reboot()
    {
        using SocketPair pair = SocketPair.Tcp(window: 4096);
        using SessionConnection connection = new(pair.Server, new SessionConnectionOptions { OutputLimit = 1000 });
        TextWriter writer = connection.AsWriter();
        Task waiting = writer.WriteAsync(new string('x', 300_000));
        Assert.That(await waiting.StaysPendingAsync());
        _ = connection.SuspendAsync();
        await waiting.Within();
        connection.Capture(0);
        writer.WriteLine(new string('x', 2000));
        connection.Resume();
        Assert.That((await pair.HearAsync(302_002))[..302_000], Is.All.EqualTo((byte)'x'));
    }
}

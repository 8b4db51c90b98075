using System.Text;
using SeamlessReboot.Tests.Support;

namespace SeamlessReboot.Tests.Sessions;

[Parallelizable(ParallelScope.All)]
internal sealed class ReadLineTests
{
    [TestCase("hello\n", "hello")]
    [TestCase("hello\r\n", "hello")]
    [TestCase("\n", "")]
    [TestCase("\r\n", "")]
    [TestCase("a\rb\n", "a\rb")]
    [TestCase("a\r\r\n", "a\r")]
    [TestCase("grüße 🎲\r\n", "grüße 🎲")]
    public async Task A_line_comes_without_its_line_end(string said, string line)
    {
        using SocketPair pair = SocketPair.Tcp();
        using SessionConnection connection = new(pair.Server);
        pair.Say(said);
        Assert.That(await connection.ReadLineAsync().Within(), Is.EqualTo(line));
    }

    [TestCase(true)]
    [TestCase(false)]
    public async Task Characters_and_line_ends_cut_in_two_by_the_network_are_whole_again(bool isUnix)
    {
        using SocketPair pair = isUnix ? SocketPair.Unix() : SocketPair.Tcp();
        using SessionConnection connection = new(pair.Server);
        ValueTask<string?> line = connection.ReadLineAsync();
        foreach (byte one in Encoding.UTF8.GetBytes("ü🎲\r\n"))
        {
            Assert.That(line.IsCompleted, Is.False);
            pair.Say([one]);
            await Limits.UntilAsync(() => pair.Server.Available == 0, "the byte is taken");
        }

        Assert.That(await line.Within(), Is.EqualTo("ü🎲"));
    }

    [Test]
    public async Task An_unfinished_last_line_is_returned_and_then_null_again_and_again()
    {
        using SocketPair pair = SocketPair.Tcp();
        using SessionConnection connection = new(pair.Server);
        pair.Say("one\ntw");
        pair.Client.Shutdown(System.Net.Sockets.SocketShutdown.Send);
        Assert.That(await connection.ReadLineAsync().Within(), Is.EqualTo("one"));
        Assert.That(await connection.ReadLineAsync().Within(), Is.EqualTo("tw"));
        Assert.That(await connection.ReadLineAsync().Within(), Is.Null);
        Assert.That(await connection.ReadLineAsync().Within(), Is.Null);
    }

    [Test]
    public async Task A_cancelled_read_of_half_a_line_loses_nothing()
    {
        using SocketPair pair = SocketPair.Tcp();
        using SessionConnection connection = new(pair.Server);
        pair.Say("hal");
        using CancellationTokenSource cancel = new();
        Task<string?> line = connection.ReadLineAsync(cancel.Token).AsTask();
        await cancel.CancelAsync();
        Assert.That(async () => await line.Within(), Throws.InstanceOf<OperationCanceledException>());
        pair.Say("f\n");
        Assert.That(await connection.ReadLineAsync().Within(), Is.EqualTo("half"));
    }

    [Test]
    public async Task A_line_longer_than_InputLimit_throws_and_says_what_to_do()
    {
        using SocketPair pair = SocketPair.Tcp();
        using SessionConnection connection = new(pair.Server, new SessionConnectionOptions { InputLimit = 100 });
        pair.Say(new string('x', 200));
        InvalidDataException? thrown = await Assert.ThrowsAsync<InvalidDataException>(() => connection.ReadLineAsync().Within());
        Assert.That(thrown!.Message, Does.Contain("100 bytes").And.Contain("raise SessionConnectionOptions.InputLimit"));
        await connection.SuspendAndCaptureAsync(snapshot => Assert.That(snapshot.UnreadInput.Length, Is.EqualTo(100)));
    }

    [Test]
    public async Task A_long_line_grows_the_buffer_up_to_the_limit()
    {
        using SocketPair pair = SocketPair.Tcp();
        using SessionConnection connection = new(pair.Server);
        string text = new('y', 60_000);
        for (int i = 0; i < 3; i++)
        {
            Task saying = Task.Run(() => pair.Say(text + "\r\n"));
            Assert.That(await connection.ReadLineAsync().Within(), Is.EqualTo(text));
            await saying.Within();
        }
    }

    [Test]
    public async Task A_reset_by_the_client_ends_the_input_and_throws_nothing()
    {
        using SocketPair pair = SocketPair.Tcp();
        using SessionConnection connection = new(pair.Server);
        ValueTask<string?> line = connection.ReadLineAsync();
        pair.Reset();
        Assert.That(await line.Within(), Is.Null);
    }

    [Test]
    public async Task Lines_that_came_before_a_reset_are_still_read_when_they_are_buffered()
    {
        using SocketPair pair = SocketPair.Tcp();
        using SessionConnection connection = new(pair.Server);
        pair.Say("one\ntwo\n");
        Assert.That(await connection.ReadLineAsync().Within(), Is.EqualTo("one"));
        pair.Reset();
        Assert.That(await connection.ReadLineAsync().Within(), Is.EqualTo("two"));
        Assert.That(await connection.ReadLineAsync().Within(), Is.Null);
    }
}

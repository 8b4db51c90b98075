using SeamlessReboot.Tests.Support;

namespace SeamlessReboot.Tests.Sessions;

/// <summary>With CloseAtLimits a client that passes a limit is disconnected, and nobody else notices.</summary>
[Parallelizable(ParallelScope.All)]
internal sealed class LimitTests
{
    private static readonly SessionConnectionOptions _strict = new() { CloseAtLimits = true, InputLimit = 100, OutputLimit = 8192 };

    [Test]
    public async Task A_line_that_is_too_long_ends_a_read_that_waits()
    {
        using SocketPair pair = SocketPair.Tcp();
        using SessionConnection connection = new(pair.Server, _strict);
        Task<string?> line = connection.ReadLineAsync().AsTask();
        pair.Say(new string('x', 200));
        Assert.That(await line.Within(), Is.Null);
        Assert.That(connection.IsClosed);
        Assert.That(await pair.HearToEndAsync(), Is.Empty);
    }

    [Test]
    public async Task A_line_that_is_too_long_ends_a_read_that_need_not_wait()
    {
        using SocketPair pair = SocketPair.Tcp();
        using SessionConnection connection = new(pair.Server, _strict);
        pair.Say("short\n" + new string('x', 200));
        await Limits.UntilAsync(() => pair.Server.Available == 206, "all of it is there");
        Assert.That(await connection.ReadLineAsync().Within(), Is.EqualTo("short"));
        Assert.That(await connection.ReadLineAsync().Within(), Is.Null);
        Assert.That(connection.IsClosed);
    }

    [Test]
    public async Task A_line_that_is_too_long_ends_the_input_of_a_loop_that_polls()
    {
        using SocketPair pair = SocketPair.Tcp();
        using SessionConnection connection = new(pair.Server, _strict);
        pair.Say(new string('x', 200));
        await Limits.UntilAsync(() => pair.Server.Available == 200, "all of it is there");
        Assert.That(connection.TryReadLine(out _), Is.False);
        Assert.That(connection.IsInputOver);
        Assert.That(connection.TryReadLine(out _), Is.False);
    }

    [TestCase(false)]
    [TestCase(true)]
    public async Task A_client_that_does_not_read_is_disconnected_and_its_session_ends(bool waits)
    {
        using SocketPair pair = SocketPair.Tcp(window: 4096);
        EchoSession session = new(new SessionConnection(pair.Server, _strict), new EchoState());
        TaskCompletionSource<Exception?> ended = new();
        ((IEndingSession)session).Ended = ended.SetResult;
        ((IRebootSession)session).Resume();
        byte[] block = Pattern.Bytes(0, 4000);
        for (int sent = 0; sent < 64 << 20 && !session.Connection.IsClosed; sent += block.Length)
        {
            if (waits)
                Assert.That(session.Connection.WriteAsync(block).IsCompletedSuccessfully, "It waits for a client that does not read.");
            else
                session.Connection.TryWrite(block);
        }

        Assert.That(session.Connection.IsClosed);
        Assert.That(await ended.Task.Within(), Is.Null);
        await session.Connection.WriteAsync("nobody hears it\n").Within();
    }

    [Test]
    public async Task Nobody_is_disconnected_for_what_is_written_while_a_reboot_suspends()
    {
        using SocketPair pair = SocketPair.Tcp(window: 4096);
        using SessionConnection connection = new(pair.Server, _strict);
        ValueTask<string?> line = connection.ReadLineAsync();
        await connection.SuspendAsync().Within();
        byte[] before = Pattern.Bytes(0, 300_000);
        await connection.WriteAsync(before).Within();
        connection.Capture(0);
        await connection.WriteAsync(Pattern.Bytes(before.Length, 50_000)).Within();
        connection.Resume();
        Assert.That(await pair.HearAsync(350_000), Is.EqualTo(Pattern.Bytes(0, 350_000)));
        pair.Say("still here\n");
        Assert.That(await line.Within(), Is.EqualTo("still here"));
    }

    [Test]
    public async Task Text_is_written_in_the_connections_encoding()
    {
        using SocketPair pair = SocketPair.Tcp();
        using SessionConnection connection = new(pair.Server, new SessionConnectionOptions { Encoding = System.Text.Encoding.Latin1 });
        Assert.That(connection.TryWrite("Grüße\r\n"));
        Assert.That(await pair.HearAsync(7), Is.EqualTo(System.Text.Encoding.Latin1.GetBytes("Grüße\r\n")));
        Assert.That(() => connection.TryWrite((string)null!), Throws.ArgumentNullException);
    }
}

using SeamlessReboot.Tests.Support;

namespace SeamlessReboot.Tests.Sessions;

[Parallelizable(ParallelScope.All)]
internal sealed class ThreadSessionTests
{
    private static ThreadSession<EchoState> Echo(SessionConnection connection, EchoState state) => new(connection, state, () =>
    {
        TextReader reader = connection.AsReader();
        while (reader.ReadLine() is string line)
            connection.AsWriter().Write($"{++state.Lines} {(Thread.CurrentThread.IsThreadPoolThread ? "pool" : "own")} {line}\n");
    });

    [Test]
    public async Task It_blocks_on_a_thread_of_its_own_and_is_suspended_at_its_read()
    {
        using SocketPair pair = SocketPair.Tcp();
        EchoState state = new();
        IRebootSession session = Echo(new SessionConnection(pair.Server), state);
        session.Resume();
        for (int i = 1; i <= 20; i++)
        {
            pair.Say("a\n");
            string expected = $"{i} own a\n";
            Assert.That(System.Text.Encoding.ASCII.GetString(await pair.HearAsync(expected.Length)), Is.EqualTo(expected));
            await session.SuspendAsync(default).Within();
            Assert.That(((EchoState)session.Capture().State!).Lines, Is.EqualTo(i));
            session.Resume();
        }
    }

    [Test]
    public async Task It_ends_with_its_client_and_says_what_it_threw()
    {
        using SocketPair pair = SocketPair.Tcp();
        SessionConnection connection = new(pair.Server);
        IRebootSession session = new ThreadSession<EchoState>(connection, new EchoState(), () =>
        {
            _ = connection.AsReader().ReadLine();
            throw new InvalidDataException("as told");
        });
        TaskCompletionSource<Exception?> ended = new();
        ((IEndingSession)session).Ended = ended.SetResult;
        session.Resume();
        pair.Client.Shutdown(System.Net.Sockets.SocketShutdown.Send);
        Assert.That((await ended.Task.Within())!.Message, Is.EqualTo("as told"));
        Assert.That(await pair.HearToEndAsync(), Is.Empty);
        Assert.That(() => new ThreadSession<EchoState>(connection, new EchoState(), null!), Throws.ArgumentNullException);
    }
}

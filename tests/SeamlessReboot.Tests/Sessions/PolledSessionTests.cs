using SeamlessReboot.Tests.Support;

namespace SeamlessReboot.Tests.Sessions;

[Parallelizable(ParallelScope.All)]
internal sealed class PolledSessionTests
{
    [Test]
    public async Task It_is_suspended_at_once_and_lives_until_its_connection_is_closed()
    {
        using SocketPair pair = SocketPair.Tcp();
        Polled session = new(new SessionConnection(pair.Server));
        IRebootSession asSession = session;
        asSession.Resume();
        for (int i = 0; i < 10; i++)
        {
            Assert.That(asSession.SuspendAsync(default).IsCompletedSuccessfully);
            Assert.That(asSession.Capture().State, Is.EqualTo(i));
            asSession.Resume();
            session.Add();
        }

        Assert.That(session.Ended.IsCompleted, Is.False);
        session.Connection.Dispose();
        Assert.That(await session.Ended.Within(), Is.Null);
    }

    [Test]
    public async Task One_that_is_being_closed_does_not_hold_up_a_suspension()
    {
        using SocketPair pair = SocketPair.Tcp(window: 4096);
        Polled session = new(new SessionConnection(pair.Server));
        IRebootSession asSession = session;
        asSession.Resume();
        session.Connection.TryWrite(Pattern.Bytes(0, 200_000));
        _ = session.Connection.DisposeAsync().AsTask();
        Assert.That(asSession.SuspendAsync(default).IsCompletedSuccessfully);
        Assert.That(asSession.Capture().HasEnded);
        asSession.Resume();
        Assert.That((await pair.HearToEndAsync()).Length, Is.EqualTo(200_000));
        Assert.That(await session.Ended.Within(), Is.Null);
    }

    [Test]
    public async Task A_polled_loop_serves_many_through_a_thousand_suspensions()
    {
        const int Clients = 20, Lines = 200;
        SafePoint top = new("loop", null, _ => { });
        SocketPair[] pairs = [.. Enumerable.Range(0, Clients).Select(_ => SocketPair.Tcp())];
        List<Polled> players = [.. pairs.Select(p => new Polled(new SessionConnection(p.Server)))];
        IRebootSession[] sessions = [.. players];
        foreach (IRebootSession session in sessions)
            session.Resume();
        Task loop = Task.Factory.StartNew(() =>
        {
            while (players.Count > 0)
            {
                top.Poll();
                for (int i = players.Count - 1; i >= 0; i--)
                    if (!players[i].Serve())
                        players.RemoveAt(i);
                Thread.Yield();
            }

            top.Dispose();
        }, TaskCreationOptions.LongRunning);
        Task saying = Task.Run(() =>
        {
            for (int i = 0; i < Lines; i++)
                foreach (SocketPair pair in pairs)
                    pair.Say($"{i:000}\n");
        });
        Task<string>[] hearing = [.. pairs.Select(p => p.HearTextAsync(Lines * 4))];
        for (int i = 0; i < 1000; i++)
        {
            foreach (IRebootSession session in sessions)
                await session.SuspendAsync(default).Within();
            await top.HoldAsync().Within();
            foreach (IRebootSession session in sessions)
                session.Capture();
            foreach (IRebootSession session in sessions)
                session.Resume();
            top.Release();
        }

        await saying.Within();
        string expected = string.Concat(Enumerable.Range(0, Lines).Select(i => $"{i:000}\n"));
        Assert.That(await Task.WhenAll(hearing).Within(), Is.All.EqualTo(expected));
        foreach (SocketPair pair in pairs)
            pair.Dispose();
        await loop.Within();
        await Task.WhenAll(sessions.Cast<Polled>().Select(s => s.Ended)).Within();
    }

    private sealed class Polled : PolledSession<int>
    {
        private readonly TaskCompletionSource<Exception?> _ended = new(TaskCreationOptions.RunContinuationsAsynchronously);

        internal Polled(SessionConnection connection)
            : base(connection, 0) => ((IEndingSession)this).Ended = failure => Assert.That(_ended.TrySetResult(failure), "Told once.");

        internal Task<Exception?> Ended => _ended.Task;

        internal void Add() => State++;

        internal bool Serve()
        {
            while (Connection.TryReadLine(out string? line))
                Connection.TryWrite(System.Text.Encoding.ASCII.GetBytes(line + "\n"));
            if (!Connection.IsInputOver)
                return true;
            Connection.Dispose();
            return false;
        }
    }
}

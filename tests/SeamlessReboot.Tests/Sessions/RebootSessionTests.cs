using System.Net.Sockets;
using SeamlessReboot.Tests.Support;

namespace SeamlessReboot.Tests.Sessions;

[Parallelizable(ParallelScope.All)]
internal sealed class RebootSessionTests
{
    [Test]
    public async Task It_runs_when_resumed_and_ends_when_the_input_does()
    {
        using SocketPair pair = SocketPair.Tcp();
        Scripted session = new(pair.Server, async s =>
        {
            while (await s.Connection.ReadLineAsync() is string line)
                await s.Connection.WriteAsync($"{++s.Count} {line}\n");
        });
        Assert.That(session.Runs, Is.Zero);
        session.Resume();
        pair.Say("a\nb\n");
        Assert.That(await pair.HearTextAsync(8), Is.EqualTo("1 a\n2 b\n"));
        pair.Client.Shutdown(SocketShutdown.Send);
        Assert.That(await session.Ended.Within(), Is.Null);
        Assert.That(await pair.HearToEndAsync(), Is.Empty);
        Assert.That((session.Runs, session.Connection.IsClosed), Is.EqualTo((1, true)));
    }

    [Test]
    public async Task What_RunAsync_throws_ends_this_session_and_is_told()
    {
        using SocketPair pair = SocketPair.Tcp();
        Scripted session = new(pair.Server, _ => throw new InvalidDataException("bad"));
        session.Resume();
        Assert.That(await session.Ended.Within(), Is.TypeOf<InvalidDataException>());
        Assert.That(await pair.HearToEndAsync(), Is.Empty);
    }

    [Test]
    public async Task The_last_words_of_a_session_that_returns_are_delivered()
    {
        using SocketPair pair = SocketPair.Tcp(window: 4096);
        Scripted session = new(pair.Server, async s => await s.Connection.WriteAsync(Pattern.Bytes(0, 150_000)));
        session.Resume();
        byte[] heard = await pair.HearToEndAsync();
        Assert.That((heard.Length, Pattern.FirstWrong(heard, 0)), Is.EqualTo((150_000, -1L)));
        await session.Ended.Within();
    }

    [Test]
    public async Task A_session_that_reads_goes_on_where_it_was_when_the_reboot_is_called_off()
    {
        using SocketPair pair = SocketPair.Tcp();
        Scripted session = new(pair.Server, async s =>
        {
            int local = 0;
            while (await s.Connection.ReadLineAsync() is not null)
                await s.Connection.WriteAsync($"{++local}\n");
        });
        session.Resume();
        for (int i = 1; i <= 5; i++)
        {
            pair.Say("x\n");
            Assert.That(await pair.HearTextAsync(2), Is.EqualTo($"{i}\n"));
            await session.SuspendAsync().Within();
            Assert.That(session.Capture().State, Is.Zero);
            session.Resume();
        }

        Assert.That(session.Runs, Is.EqualTo(1));
    }

    [Test]
    public async Task Waiting_for_something_else_is_left_by_the_Suspending_token_and_RunAsync_is_called_again()
    {
        using SocketPair pair = SocketPair.Tcp();
        Scripted session = new(pair.Server, async s =>
        {
            await s.Connection.WriteAsync($"run {s.Runs}\n");
            await Task.Delay(Timeout.Infinite, s.SuspendingToken);
        });
        session.Resume();
        for (int run = 1; run <= 3; run++)
        {
            Assert.That(await pair.HearTextAsync(6), Is.EqualTo($"run {run}\n"));
            await session.SuspendAsync().Within();
            Assert.That(session.Capture().HasEnded, Is.False);
            session.Resume();
        }

        Assert.That(session.Ended.IsCompleted, Is.False);
    }

    [Test]
    public async Task The_Suspending_token_is_cancelled_already_while_the_session_is_suspending()
    {
        using SocketPair pair = SocketPair.Tcp();
        TaskCompletionSource entered = new(), go = new();
        Scripted session = new(pair.Server, async s =>
        {
            entered.TrySetResult();
            await go.Task;
            await Task.Delay(Timeout.Infinite, s.SuspendingToken);
        });
        session.Resume();
        await entered.Task.Within();
        Task quiet = session.SuspendAsync().AsTask();
        Assert.That(await quiet.StaysPendingAsync());
        go.SetResult();
        await quiet.Within();
        session.Resume();
        await Limits.UntilAsync(() => session.Runs == 2, "it runs again");
        Assert.That(session.Ended.IsCompleted, Is.False);
    }

    [Test]
    public async Task A_read_with_the_Suspending_token_does_not_end_the_session_when_the_reboot_is_called_off()
    {
        using SocketPair pair = SocketPair.Tcp();
        Scripted session = new(pair.Server, async s =>
        {
            using CancellationTokenSource idle = CancellationTokenSource.CreateLinkedTokenSource(s.SuspendingToken);
            idle.CancelAfter(TimeSpan.FromMinutes(10));
            while (await s.Connection.ReadLineAsync(idle.Token) is string line)
                await s.Connection.WriteAsync($"{++s.Count} {line}\n");
        });
        session.Resume();
        for (int i = 1; i <= 20; i++)
        {
            pair.Say("x\n");
            Assert.That(await pair.HearTextAsync($"{i} x\n".Length), Is.EqualTo($"{i} x\n"));
            await session.SuspendAsync().Within();
            session.Capture();
            session.Resume();
            Assert.That(session.Ended.IsCompleted, Is.False);
        }
    }

    [Test]
    public async Task A_session_that_leaves_by_the_token_while_a_read_waits_is_run_again_however_soon_it_is_resumed()
    {
        using SocketPair pair = SocketPair.Tcp();
        Task<string?>? line = null;
        Scripted session = new(pair.Server, async s =>
        {
            while (true)
            {
                line ??= s.Connection.ReadLineAsync().AsTask();
                await Task.WhenAny(line, Task.Delay(Timeout.Infinite, s.SuspendingToken)).Unwrap();
                string? said = await line;
                line = null;
                if (said is null)
                    return;
                await s.Connection.WriteAsync(said + "\n");
            }
        });
        session.Resume();
        for (int i = 0; i < 200; i++)
        {
            await session.SuspendAsync().Within();
            session.Resume();
            pair.Say("x\n");
            Assert.That(await pair.HearTextAsync(2), Is.EqualTo("x\n"));
        }

        Assert.That(session.Ended.IsCompleted, Is.False);
    }

    [Test]
    public async Task An_OperationCanceledException_of_its_own_ends_the_session()
    {
        using SocketPair pair = SocketPair.Tcp();
        Scripted session = new(pair.Server, _ => throw new OperationCanceledException("mine"));
        session.Resume();
        Assert.That(await session.Ended.Within(), Is.InstanceOf<OperationCanceledException>());
    }

    [Test]
    public async Task Suspending_gives_up_with_its_token_on_a_session_that_does_not_come_to_a_safe_point()
    {
        using SocketPair pair = SocketPair.Tcp();
        TaskCompletionSource entered = new(), go = new();
        Scripted session = new(pair.Server, async _ =>
        {
            entered.TrySetResult();
            await go.Task;
        });
        session.Resume();
        await entered.Task.Within();
        using CancellationTokenSource overdue = new();
        Task quiet = session.SuspendAsync(overdue.Token).AsTask();
        Assert.That(await quiet.StaysPendingAsync());
        await overdue.CancelAsync();
        Assert.That(async () => await quiet.Within(), Throws.InstanceOf<OperationCanceledException>());
        session.Resume();
        go.SetResult();
        await session.Ended.Within();
    }

    [Test]
    public async Task A_session_that_has_ended_with_unsent_output_is_captured_as_ended()
    {
        using SocketPair pair = SocketPair.Tcp(window: 4096);
        TaskCompletionSource returning = new();
        Scripted session = new(pair.Server, async s =>
        {
            await s.Connection.WriteAsync(Pattern.Bytes(0, 150_000));
            returning.SetResult();
        });
        session.Resume();
        await returning.Task.Within();
        await Limits.UntilAsync(() => session.Connection.IsClosed, "it is closing");
        await session.SuspendAsync().Within();
        SessionSnapshot snapshot = session.Capture();
        int unsent = snapshot.UnsentOutput.Length;
        Assert.That((snapshot.HasEnded, unsent is > 0 and < 150_000), Is.EqualTo((true, true)));
        Assert.That(session.Ended.IsCompleted, Is.False);
        session.Resume();
        Assert.That((await pair.HearToEndAsync()).Length, Is.EqualTo(150_000));
        Assert.That(await session.Ended.Within(), Is.Null);
        Assert.That(session.Runs, Is.EqualTo(1));
    }

    [Test]
    public async Task Kind_and_state_type_are_in_the_snapshot()
    {
        using SocketPair pair = SocketPair.Tcp();
        Scripted session = new(pair.Server, async s => await s.Connection.ReadLineAsync()) { Count = 7 };
        session.Resume();
        await session.SuspendAsync().Within();
        SessionSnapshot snapshot = session.Capture();
        Assert.That((snapshot.Kind, snapshot.State, snapshot.StateType), Is.EqualTo(("scripted", (object)7, typeof(int))));
        session.Resume();
    }

    [Test]
    public async Task A_suspension_that_meets_the_end_of_the_session_is_quiet()
    {
        for (int i = 0; i < 100; i++)
        {
            using SocketPair pair = SocketPair.Tcp();
            Scripted session = new(pair.Server, async s => await s.Connection.ReadLineAsync());
            session.Resume();
            Task saying = Task.Run(() => pair.Say("quit\n"));
            await session.SuspendAsync().Within();
            session.Capture();
            session.Resume();
            await saying;
            await session.Ended.Within();
        }
    }

    [TestCase(false)]
    [TestCase(true)]
    public async Task A_session_that_closes_itself_and_works_on_is_awaited_and_then_quiet(bool readsAgain)
    {
        using SocketPair pair = SocketPair.Tcp();
        TaskCompletionSource closed = new(TaskCreationOptions.RunContinuationsAsynchronously), go = new();
        bool saidGoodbye = false;
        Scripted session = new(pair.Server, async s =>
        {
            await s.Connection.ReadLineAsync();
            _ = s.Connection.DisposeAsync().AsTask();
            closed.SetResult();
            await go.Task;
            if (readsAgain)
                Assert.That(await s.Connection.ReadLineAsync(), Is.Null);
            saidGoodbye = true;
        });
        session.Resume();
        pair.Say("quit\nmore\n");
        await closed.Task.Within();
        Task quiet = session.SuspendAsync().AsTask();
        Assert.That(await quiet.StaysPendingAsync(), "It is still at work.");
        go.SetResult();
        await quiet.Within();
        Assert.That(saidGoodbye);
        session.Resume();
        Assert.That(await session.Ended.Within(), Is.Null);
    }

    [Test]
    public async Task A_session_that_closes_itself_after_it_was_asked_to_suspend_is_awaited_and_then_quiet()
    {
        using SocketPair pair = SocketPair.Tcp(window: 4096);
        TaskCompletionSource busy = new(TaskCreationOptions.RunContinuationsAsynchronously), go = new();
        Scripted session = new(pair.Server, async s =>
        {
            await s.Connection.WriteAsync(Pattern.Bytes(0, 200_000)); // so that the close takes time
            busy.SetResult();
            await go.Task;
            _ = s.Connection.DisposeAsync().AsTask();
            await Task.Yield();
            Assert.That(await s.Connection.ReadLineAsync(), Is.Null);
        });
        session.Resume();
        await busy.Task.Within();
        using CancellationTokenSource attempt = new();
        Task first = session.SuspendAsync(attempt.Token).AsTask();
        await attempt.CancelAsync();
        Assert.That(async () => await first.Within(), Throws.InstanceOf<OperationCanceledException>());
        Task second = session.SuspendAsync().AsTask(); // left asked to suspend, and asked once more
        go.SetResult();
        await second.Within();
        Assert.That(session.Capture().HasEnded);
        session.Resume();
        Assert.That((await pair.HearToEndAsync()).Length, Is.EqualTo(200_000));
        Assert.That(await session.Ended.Within(), Is.Null);
    }

    [Test]
    public async Task A_session_that_waits_for_input_is_quiet_though_somebody_else_closes_it()
    {
        using SocketPair pair = SocketPair.Tcp();
        Scripted session = new(pair.Server, async s => await s.Connection.ReadLineAsync());
        session.Resume();
        await session.SuspendAsync().Within();
        _ = session.Connection.DisposeAsync().AsTask(); // a neighbour that is not yet quiet has kicked it
        await session.SuspendAsync().Within();
        session.Resume();
        Assert.That(await session.Ended.Within(), Is.Null);
    }

    [Test]
    public async Task Sessions_that_come_and_quit_are_suspended_however_the_moments_meet()
    {
        for (int i = 0; i < 200; i++)
        {
            using SocketPair pair = SocketPair.Tcp();
            Scripted session = new(pair.Server, async s =>
            {
                await s.Connection.ReadLineAsync();
                _ = s.Connection.DisposeAsync().AsTask();
                await Task.Yield();
                await s.Connection.ReadLineAsync();
            });
            session.Resume();
            Task saying = Task.Run(() => pair.Say("quit\n"));
            if (i % 2 == 0)
                await Task.Yield();
            await session.SuspendAsync().Within();
            session.Capture();
            session.Resume();
            await saying;
            await session.Ended.Within();
        }
    }

    [Test]
    public void It_needs_a_connection() => Assert.That(() => new Scripted(null!, _ => Task.CompletedTask), Throws.ArgumentNullException);

    private sealed class Scripted : RebootSession<int>
    {
        private readonly Func<Scripted, Task> _run;
        private readonly TaskCompletionSource<Exception?> _ended = new(TaskCreationOptions.RunContinuationsAsynchronously);
        private int _runs;

        internal Scripted(Socket socket, Func<Scripted, Task> run)
            : base(socket is null ? null! : new SessionConnection(socket), 0)
        {
            _run = run;
            ((IEndingSession)this).Ended = failure => Assert.That(_ended.TrySetResult(failure), "Told once.");
        }

        internal int Runs => Volatile.Read(ref _runs);

        internal int Count
        {
            get => State;
            set => State = value;
        }

        internal Task<Exception?> Ended => _ended.Task;

        internal CancellationToken SuspendingToken => Suspending;

        protected override string Kind => "scripted";

        internal void Resume() => ((IRebootSession)this).Resume();

        internal ValueTask SuspendAsync(CancellationToken cancellationToken = default) => ((IRebootSession)this).SuspendAsync(cancellationToken);

        internal SessionSnapshot Capture() => ((IRebootSession)this).Capture();

        protected override Task RunAsync()
        {
            Interlocked.Increment(ref _runs);
            return _run(this);
        }
    }
}

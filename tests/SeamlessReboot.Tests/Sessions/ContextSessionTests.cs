using SeamlessReboot.Tests.Support;

namespace SeamlessReboot.Tests.Sessions;

/// <summary>Sessions that run on a single-threaded context.</summary>
[Parallelizable(ParallelScope.All)]
internal sealed class ContextSessionTests
{
    [Test]
    public async Task It_runs_on_its_context_and_comes_back_to_it_after_each_await()
    {
        using SocketPair pair = SocketPair.Tcp();
        using SafePointTests.OneThread context = new();
        int thread = await ThreadOf(context);
        List<int> threads = [];
        OnContext session = new(pair, context, async s =>
        {
            threads.Add(Environment.CurrentManagedThreadId);
            while (await s.Connection.ReadLineAsync() is string line)
            {
                threads.Add(Environment.CurrentManagedThreadId);
                await s.Connection.WriteAsync(line + "\n");
            }
        });
        session.Resume();
        for (int i = 0; i < 20; i++)
        {
            pair.Say("x\n");
            Assert.That(await pair.HearTextAsync(2), Is.EqualTo("x\n"));
            await session.SuspendAsync().Within();
            session.Capture();
            session.Resume();
        }

        pair.Client.Dispose();
        Assert.That(await session.Ended.Within(), Is.Null);
        Assert.That(threads, Has.Count.EqualTo(21).And.All.EqualTo(thread));
    }

    [Test]
    public async Task It_is_run_again_on_its_context_however_soon_it_is_resumed()
    {
        using SocketPair pair = SocketPair.Tcp();
        using SafePointTests.OneThread context = new();
        int thread = await ThreadOf(context);
        int runs = 0, elsewhere = 0;
        OnContext session = new(pair, context, async s =>
        {
            Interlocked.Increment(ref runs);
            if (Environment.CurrentManagedThreadId != thread)
                elsewhere++;
            Task<string?> line = s.Connection.ReadLineAsync().AsTask();
            if (await Task.WhenAny(line, Task.Delay(Timeout.Infinite, s.SuspendingToken)) != line)
            {
                s.Connection.Input.CancelPendingRead();
                throw new OperationCanceledException();
            }
        });
        session.Resume();
        for (int i = 0; i < 50; i++)
        {
            Task quiet = session.SuspendAsync().AsTask();
            session.Resume();
            await context.RunAsync(() => { }).Within();
            await Task.WhenAny(quiet, Task.Delay(5));
        }

        Assert.That((Volatile.Read(ref runs) > 0, elsewhere), Is.EqualTo((true, 0)));
        pair.Client.Dispose();
        await session.Ended.Within();
    }

    [Test]
    public async Task What_goes_wrong_is_put_down_to_the_session_in_its_code_and_to_nobody_outside_of_it()
    {
        using SocketPair pair = SocketPair.Tcp();
        using SafePointTests.OneThread context = new();
        List<IRebootSession?> inside = [], outside = [];
        TaskCompletionSource waits = new(TaskCreationOptions.RunContinuationsAsynchronously);
        OnContext session = new(pair, context, async s =>
        {
            inside.Add(SessionContext.Current);
            waits.TrySetResult();
            await s.Connection.ReadLineAsync();
            inside.Add(SessionContext.Current);
            await Task.Yield();
            inside.Add(SessionContext.Current);
        });
        session.Resume();
        await waits.Task.Within();
        await context.RunAsync(() => outside.Add(SessionContext.Current)).Within();
        pair.Say("x\n");
        await session.Ended.Within();
        await context.RunAsync(() => outside.Add(SessionContext.Current)).Within();
        Assert.That(inside, Has.Count.EqualTo(3).And.All.SameAs(session));
        Assert.That(outside, Is.All.Null);
    }

    [Test]
    public async Task A_context_that_takes_nothing_any_more_ends_the_session_alone()
    {
        using SocketPair pair = SocketPair.Tcp();
        SafePointTests.OneThread context = new();
        context.Dispose();
        OnContext session = new(pair, context, _ => Task.CompletedTask);
        session.Resume();
        Assert.That(await session.Ended.Within(), Is.InstanceOf<InvalidOperationException>()); // ObjectDisposedException is one
        await session.SuspendAsync().Within();
    }

    [Test]
    public async Task Its_context_is_held_after_the_sessions_have_come_to_their_safe_points()
    {
        using SocketPair pair = SocketPair.Tcp();
        using SafePointTests.OneThread context = new();
        SafePoint point = new("world", context, _ => { });
        OnContext session = new(pair, context, async s =>
        {
            while (await s.Connection.ReadLineAsync() is string line)
                await s.Connection.WriteAsync($"{++s.Count}\n");
        });
        session.Resume();
        for (int i = 1; i <= 9; i++)
        {
            pair.Say("x\n");
            await session.SuspendAsync().Within();
            await point.HoldAsync().Within();
            session.Capture();
            session.Resume();
            point.Release();
            Assert.That(await pair.HearTextAsync(2), Is.EqualTo($"{i}\n"));
        }

        pair.Client.Dispose();
        await session.Ended.Within();
    }

    private static async Task<int> ThreadOf(SafePointTests.OneThread context)
    {
        int thread = 0;
        await context.RunAsync(() => thread = Environment.CurrentManagedThreadId).Within();
        return thread;
    }

    private sealed class OnContext : RebootSession<int>
    {
        private readonly Func<OnContext, Task> _run;
        private readonly TaskCompletionSource<Exception?> _ended = new(TaskCreationOptions.RunContinuationsAsynchronously);

        internal OnContext(SocketPair pair, SynchronizationContext context, Func<OnContext, Task> run)
            : base(new SessionConnection(pair.Server), 0)
        {
            _run = run;
            RunContext = context;
            ((IEndingSession)this).Ended = failure => Assert.That(_ended.TrySetResult(failure), "Told once.");
        }

        internal Task<Exception?> Ended => _ended.Task;

        internal int Count
        {
            get => State;
            set => State = value;
        }

        internal CancellationToken SuspendingToken => Suspending;

        protected override SynchronizationContext? RunContext { get; }

        internal void Resume() => ((IRebootSession)this).Resume();

        internal ValueTask SuspendAsync() => ((IRebootSession)this).SuspendAsync(default);

        internal SessionSnapshot Capture() => ((IRebootSession)this).Capture();

        protected override Task RunAsync() => _run(this);
    }
}

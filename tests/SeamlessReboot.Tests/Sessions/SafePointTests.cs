using System.Collections.Concurrent;
using SeamlessReboot.Tests.Support;

namespace SeamlessReboot.Tests.Sessions;

[Parallelizable(ParallelScope.All)]
internal sealed class SafePointTests
{
    private static SafePoint New(SynchronizationContext? context = null, Action<SafePoint>? removed = null) => new("loop", context, removed ?? (_ => { }));

    [Test]
    public void Polling_returns_at_once_when_nobody_asks()
    {
        SafePoint point = New();
        point.Poll();
        Assert.That(point.Name, Is.EqualTo("loop"));
    }

    [Test]
    public async Task A_polled_loop_is_held_between_two_rounds_until_released()
    {
        SafePoint point = New();
        int half = 0, rounds = 0;
        bool done = false;
        Task loop = Task.Factory.StartNew(() =>
        {
            while (!Volatile.Read(ref done))
            {
                point.Poll();
                Interlocked.Increment(ref half);
                Thread.Yield();
                Interlocked.Decrement(ref half);
                Interlocked.Increment(ref rounds);
            }
        }, TaskCreationOptions.LongRunning);
        for (int i = 0; i < 20; i++)
        {
            await point.HoldAsync().Within();
            int before = Volatile.Read(ref rounds);
            Assert.That(Volatile.Read(ref half), Is.Zero, "Nothing is half done.");
            await Task.Yield();
            Assert.That(Volatile.Read(ref rounds), Is.EqualTo(before));
            point.Release();
        }

        Volatile.Write(ref done, true);
        await loop.Within();
    }

    [Test]
    public async Task An_awaiting_loop_is_held_without_a_thread_until_released()
    {
        SafePoint point = New();
        int half = 0, rounds = 0;
        bool done = false;
        Task loop = Task.Run(async () =>
        {
            while (!Volatile.Read(ref done))
            {
                await point.PollAsync();
                Interlocked.Increment(ref half);
                await Task.Yield();
                Interlocked.Decrement(ref half);
                Interlocked.Increment(ref rounds);
            }
        });
        for (int i = 0; i < 100; i++)
        {
            await point.HoldAsync().Within();
            int before = Volatile.Read(ref rounds);
            Assert.That(Volatile.Read(ref half), Is.Zero, "Nothing is half done.");
            await Task.Yield();
            Assert.That(Volatile.Read(ref rounds), Is.EqualTo(before));
            point.Release();
        }

        Volatile.Write(ref done, true);
        await loop.Within();
    }

    [Test]
    public async Task A_cancellation_does_not_wake_a_loop_that_is_held()
    {
        SafePoint point = New();
        using CancellationTokenSource cancel = new();
        Assert.That(point.PollAsync(cancel.Token).IsCompletedSuccessfully);
        Task held = point.HoldAsync();
        Task polling = point.PollAsync(cancel.Token).AsTask();
        await held.Within();
        await cancel.CancelAsync();
        Assert.That(await polling.StaysPendingAsync());
        point.Release();
        Assert.That(async () => await polling.Within(), Throws.InstanceOf<OperationCanceledException>());
        Assert.That(async () => await point.PollAsync(cancel.Token), Throws.InstanceOf<OperationCanceledException>());
    }

    [Test]
    public async Task A_loop_that_does_not_poll_is_not_held()
    {
        SafePoint point = New();
        Task held = point.HoldAsync();
        Assert.That(await held.StaysPendingAsync());
        point.Release();
        point.Poll();
    }

    [Test]
    public async Task Asking_twice_gives_the_same_answer_and_one_release_is_enough()
    {
        SafePoint point = New();
        Task first = point.HoldAsync();
        Task loop = Task.Run(point.Poll);
        await first.Within();
        await point.HoldAsync().Within();
        point.Release();
        await loop.Within();
    }

    [Test]
    public async Task A_single_threaded_context_is_held_between_two_of_its_callbacks()
    {
        using OneThread context = new();
        SafePoint point = New(context);
        int ran = 0;
        await point.HoldAsync().Within();
        context.Post(_ => ran++, null);
        Assert.That(await context.RunAsync(() => { }).StaysPendingAsync());
        Assert.That(ran, Is.Zero);
        point.Release();
        await context.RunAsync(() => { }).Within();
        Assert.That(ran, Is.EqualTo(1));
    }

    [Test]
    public async Task A_context_that_was_busy_through_a_whole_reboot_is_not_held_by_its_old_post()
    {
        using OneThread context = new();
        using ManualResetEventSlim busy = new();
        SafePoint point = New(context);
        context.Post(_ => busy.Wait(), null);
        Task held = point.HoldAsync();
        point.Release();
        busy.Set();
        await context.RunAsync(() => { }).Within();
        Assert.That(held.IsCompleted, Is.False);
        await point.HoldAsync().Within();
        point.Release();
        await context.RunAsync(() => { }).Within();
    }

    [Test]
    public async Task Disposing_it_ends_the_waiting_for_it()
    {
        SafePoint? removed = null;
        SafePoint point = New(removed: p => removed = p);
        Task held = point.HoldAsync();
        point.Dispose();
        await held.Within();
        Assert.That(removed, Is.SameAs(point));
    }

    [Test]
    public async Task A_loop_that_has_ended_is_not_waited_for_however_close_it_was()
    {
        SafePoint point = New();
        point.Dispose();
        await point.HoldAsync().Within();
    }

    internal sealed class OneThread : SynchronizationContext, IDisposable
    {
        private readonly BlockingCollection<(SendOrPostCallback Callback, object? State)> _posted = [];
        private readonly Thread _thread;

        internal OneThread()
        {
            _thread = new Thread(() =>
            {
                SetSynchronizationContext(this);
                foreach ((SendOrPostCallback callback, object? state) in _posted.GetConsumingEnumerable())
                    callback(state);
            })
            {
                IsBackground = true,
            };
            _thread.Start();
        }

        public override void Post(SendOrPostCallback d, object? state) => _posted.Add((d, state));

        internal Task RunAsync(Action action)
        {
            TaskCompletionSource ran = new(TaskCreationOptions.RunContinuationsAsynchronously);
            Post(_ =>
            {
                action();
                ran.SetResult();
            }, null);
            return ran.Task;
        }

        public void Dispose()
        {
            _posted.CompleteAdding();
            _thread.Join();
            _posted.Dispose();
        }
    }
}

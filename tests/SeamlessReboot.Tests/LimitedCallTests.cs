using SeamlessReboot.Tests.Support;

namespace SeamlessReboot.Tests;

/// <summary>The application's code gets a time limit, and a thread that nobody misses when it never comes back.</summary>
[Parallelizable(ParallelScope.All)]
internal sealed class LimitedCallTests
{
    [Test]
    public void It_runs_on_another_thread_and_is_waited_for()
    {
        LimitedCall call = new();
        int thread = 0;
        Assert.That(call.TryRun(() => thread = Environment.CurrentManagedThreadId, Limits.Long, default), Is.True);
        Assert.That(thread, Is.Not.Zero.And.Not.EqualTo(Environment.CurrentManagedThreadId));
        Assert.That(call.IsAbandoned, Is.False);
    }

    [Test]
    public void What_it_throws_is_thrown_here_with_its_own_place()
    {
        InvalidDataException? thrown = Assert.Throws<InvalidDataException>(() => new LimitedCall().TryRun(Throw, Limits.Long, default));
        Assert.That(thrown!.StackTrace, Does.Contain(nameof(Throw)));
        static void Throw() => throw new InvalidDataException("an open editor");
    }

    [Test]
    public void One_that_does_not_return_in_time_is_abandoned_and_knows_it()
    {
        using ManualResetEventSlim goOn = new();
        using ManualResetEventSlim done = new();
        LimitedCall call = new();
        bool? known = null;
        Assert.That(call.TryRun(Hang, TimeSpan.FromMilliseconds(20), default), Is.False);
        Assert.That(call.IsAbandoned, Is.True);
        goOn.Set();
        Assert.That(done.Wait(Limits.Long), Is.True);
        Assert.That(known, Is.True);

        void Hang()
        {
            goOn.Wait();
            known = call.IsAbandoned;
            done.Set();
            throw new InvalidOperationException("Nobody hears it.");
        }
    }

    [Test]
    public void A_cancellation_abandons_it_at_once()
    {
        using ManualResetEventSlim goOn = new();
        using CancellationTokenSource cancelling = new();
        LimitedCall call = new();
        Assert.That(() => call.TryRun(() =>
        {
            cancelling.Cancel();
            goOn.Wait();
        }, Limits.Long, cancelling.Token), Throws.InstanceOf<OperationCanceledException>());
        Assert.That(call.IsAbandoned, Is.True);
        goOn.Set();
    }

    [Test]
    public void Calls_that_return_about_when_the_limit_is_over_are_either_done_or_abandoned()
    {
        for (int i = 0; i < 1000; i++)
        {
            LimitedCall call = new();
            bool isDone = call.TryRun(() => Thread.SpinWait(i * 50), TimeSpan.FromMilliseconds(i % 3), default);
            Assert.That(call.IsAbandoned, Is.EqualTo(!isDone));
        }
    }
}

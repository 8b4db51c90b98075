using SeamlessReboot.Posix;
using SeamlessReboot.Tests.Support;

namespace SeamlessReboot.Tests.Posix;

/// <summary>The threads are those of the test's process, with all that the runtime has.</summary>
[NonParallelizable]
internal sealed class ThreadMasksTests
{
    private const ulong Held = 1UL << 9 | 1UL << 11 | 1UL << 14; // SIGUSR1, SIGUSR2, SIGTERM
    private static readonly TimeSpan _limit = TimeSpan.FromSeconds(30);

    [Test]
    public void Every_thread_blocks_what_is_held_and_gets_exactly_its_own_mask_back()
    {
        ulong[] masks = [0, 1UL << 9, 1UL << 11 | 1UL << 40, Held, ~0UL, 1UL << 33];
        List<MaskedThread> threads = [.. masks.Select(m => new MaskedThread(m)), new MaskedThread(0, isBusy: true), new MaskedThread(1UL << 14, isBusy: true), new MaskedThread(~0UL, isBusy: true)];
        try
        {
            for (int round = 0; round < 50; round++)
                HoldAndRelease();
        }
        finally
        {
            threads.ForEach(t => t.Dispose());
        }
    }

    [Test]
    public void A_thread_that_is_made_while_signals_are_held_is_released_with_the_others()
    {
        using MaskedThread plain = new(0);
        ThreadMasks held = ThreadMasks.For(Held)!;
        Assert.That(held.Block(_limit), Is.True);
        int number = 0;
        ulong inherited = 0;
        using ManualResetEventSlim looked = new(), end = new();
        ulong own = Signals.SetThreadMask(Held); // as the thread that will exec does
        Thread made = new(() =>
        {
            (number, inherited) = (Signals.ThreadId(), Signals.ThreadMask());
            looked.Set();
            end.Wait();
        });
        made.Start();
        looked.Wait();
        Signals.SetThreadMask(own);
        Assert.That(inherited, Is.EqualTo(Held));
        Assert.That(held.Confirm(_limit), Is.True);
        Assert.That(held.Release(_limit), Is.True);
        Assert.That(SignalStatus.OfThread(number).Blocked, Is.Zero);
        end.Set();
        made.Join();
    }

    [Test]
    public async Task Threads_that_come_and_go_meanwhile_all_end_up_with_nothing_blocked()
    {
        using CancellationTokenSource stop = new();
        Task making = Task.Run(() =>
        {
            while (!stop.IsCancellationRequested)
            {
                Thread thread = new(() => Thread.Sleep(1));
                thread.Start();
                new Thread(() => { }).Start();
                thread.Join();
            }
        });
        for (int round = 0; round < 50; round++)
        {
            ThreadMasks held = ThreadMasks.For(Held)!;
            if (held.Block(_limit)) // within the limit, that is: a loaded machine may need longer
                Assert.That(Masks().Where(t => t.Key != Signals.ThreadId()).Select(t => t.Value & Held), Has.All.EqualTo(Held));
            held.Release(_limit);
        }

        await stop.CancelAsync();
        await making.Within();
        Assert.That(Masks().Values.Select(m => m & Held), Has.All.Zero);
    }

    [Test]
    public void A_signal_of_a_stranger_that_looks_like_ours_changes_nothing()
    {
        using MaskedThread thread = new(1UL << 9);
        ThreadMasks held = ThreadMasks.For(Held)!;
        Assert.That(held.Block(_limit), Is.True);
        Kill.Self(MaskStub.Shared()!.Signal);
        Assert.That(held.Confirm(_limit), Is.True);
        Assert.That(held.Release(_limit), Is.True);
        Assert.That(thread.Mask, Is.EqualTo(1UL << 9));
    }

    [Test]
    public void What_runs_and_what_sleeps_is_told_apart()
    {
        using MaskedThread busy = new(0, isBusy: true), idle = new(0);
        Assert.That(SignalStatus.OfThread(busy.Number).State, Is.EqualTo('R'));
        Assert.That(() => SignalStatus.OfThread(idle.Number).State, Is.EqualTo('S').After(30_000, 1));
        Assert.That(SignalStatus.OfThread(int.MaxValue).Exists, Is.False);
        Assert.That(ThreadList.Read(), Is.SupersetOf(new[] { busy.Number, idle.Number, Environment.ProcessId }));
    }

    private static void HoldAndRelease()
    {
        Dictionary<int, ulong> before = Masks();
        ThreadMasks held = ThreadMasks.For(Held)!;
        bool isBlocked = held.Block(_limit);
        Dictionary<int, ulong> during = Masks();
        bool isConfirmed = held.Confirm(_limit), isReleased = held.Release(_limit);
        Dictionary<int, ulong> after = Masks();
        Assert.That((isBlocked, isConfirmed, isReleased), Is.EqualTo((true, true, true)));
        foreach ((int thread, ulong mask) in during)
            Assert.That(mask & Held, Is.EqualTo(thread == Signals.ThreadId() ? before[thread] & Held : Held), $"thread {thread}");
        foreach (int thread in before.Keys.Intersect(after.Keys))
            Assert.That(after[thread], Is.EqualTo(before[thread]), $"thread {thread}");
    }

    private static Dictionary<int, ulong> Masks()
    {
        Dictionary<int, ulong> masks = [];
        foreach (int thread in ThreadList.Read())
            if (SignalStatus.OfThread(thread) is { Exists: true } status)
                masks.Add(thread, status.Blocked);
        return masks;
    }
}

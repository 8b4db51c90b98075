using System.Runtime.InteropServices;
using SeamlessReboot.Posix;
using SeamlessReboot.Tests.Support;

namespace SeamlessReboot.Tests.Posix;

[NonParallelizable]
internal sealed class SignalWatchTests
{
    private const int Usr2 = 12, Term = 15, Realtime = 41;
    private static readonly TimeSpan _limit = TimeSpan.FromSeconds(30);

    [Test]
    public void A_signal_is_handled_before_Hold_returns_or_after_the_release_and_once()
    {
        int handled = 0;
        using PosixSignalRegistration handler = PosixSignalRegistration.Create((PosixSignal)Realtime, c =>
        {
            c.Cancel = true;
            Thread.Yield();
            Interlocked.Increment(ref handled);
        });
        int sent = 0;
        for (int round = 0; round < 100; round++)
        {
            using SignalWatch watch = SignalWatch.Begin(0, _ => null);
            Thread sender = new(() =>
            {
                for (int i = 0; i < 5; i++)
                    Kill.Self(Realtime);
            });
            sender.Start();
            Action release = watch.Hold(0, _limit, isUrgent: false);
            sender.Join();
            sent += 5;
            int before = Volatile.Read(ref handled);
            Assert.That(watch.Shortcoming, Is.Null);
            Kill.Self(Realtime);
            sent++;
            Thread.Yield();
            Assert.That(Volatile.Read(ref handled), Is.EqualTo(before), "Held, and handled nevertheless.");
            release();
            SpinUntil(() => Volatile.Read(ref handled) == sent);
        }
    }

    [Test]
    public async Task A_handler_that_is_running_is_waited_for()
    {
        using ManualResetEventSlim began = new(), end = new();
        using CancellationTokenSource elsewhere = new();
        elsewhere.Token.Register(() => { }); // what it runs there has another context
        using PosixSignalRegistration handler = PosixSignalRegistration.Create((PosixSignal)Usr2, c =>
        {
            c.Cancel = true;
            elsewhere.Cancel();
            began.Set();
            end.Wait();
        });
        using SignalWatch watch = SignalWatch.Begin(0, _ => null);
        Kill.Self(Usr2);
        began.Wait();
        TimeoutException late = Assert.Throws<TimeoutException>(() => watch.Hold(0, TimeSpan.FromMilliseconds(50), isUrgent: false))!;
        Assert.That(late.Message, Does.Contain("The handler of signal 12 has not returned"));
        Assert.That(ThreadList.Read().Select(t => SignalStatus.OfThread(t).Blocked & 1UL << (Usr2 - 1)), Has.All.Zero, "Nothing is held.");
        watch.Hold(0, TimeSpan.FromMilliseconds(50), isUrgent: true)();
        Task<Action> hold = Task.Factory.StartNew(() => watch.Hold(0, _limit, isUrgent: false), TaskCreationOptions.LongRunning);
        end.Set();
        await hold.Within();
    }

    [Test]
    public void A_signal_that_means_the_end_is_told_before_the_application_gets_it_and_what_asks_for_a_reboot_is_not()
    {
        List<string> order = [];
        using ManualResetEventSlim handled = new();
        using PosixSignalRegistration handler = PosixSignalRegistration.Create(PosixSignal.SIGTERM, c =>
        {
            c.Cancel = true;
            lock (order)
                order.Add("application");
            handled.Set();
        });
        TaskCompletionSource over = new();
        using (SignalWatch watch = SignalWatch.Begin(0, Tell))
        {
            Kill.Self(Term);
            SpinUntil(() => Count(order) == 1);
            Assert.That(handled.IsSet, Is.False, "Everyone is still suspended.");
            over.SetResult();
            handled.Wait();
            Assert.That(order, Is.EqualTo(new[] { "SIGTERM", "application" }));
        }

        handled.Reset();
        using (SignalWatch watch = SignalWatch.Begin(Signals.Bit(PosixSignal.SIGTERM), Tell))
        {
            Kill.Self(Term);
            handled.Wait();
        }

        handled.Reset();
        Kill.Self(Term);
        handled.Wait();
        Assert.That(order, Is.EqualTo(new[] { "SIGTERM", "application", "application", "application" }));

        Task? Tell(string name)
        {
            lock (order)
                order.Add(name);
            return over.Task;
        }
    }

    [Test]
    public void What_is_held_are_signals_with_handlers_and_none_of_the_runtimes_own()
    {
        using PosixSignalRegistration a = PosixSignalRegistration.Create((PosixSignal)Usr2, c => c.Cancel = true),
            b = PosixSignalRegistration.Create((PosixSignal)Realtime, c => c.Cancel = true),
            c = PosixSignalRegistration.Create(PosixSignal.SIGCHLD, _ => { });
        ulong held = SignalHandlers.Holdable(0);
        int[] yes = [2, 3, Usr2, 18, Realtime], no = [4, 5, 6, 7, 8, 9, 11, 17, 19, 21, 22, 32, 33, 34, 63, 64];
        ulong ignored = SignalStatus.OfProcess().Ignored; // a shell ignores SIGINT and SIGQUIT for what it runs in the background
        Assert.That(yes.Where(s => !Signals.Has(held | ignored, s)), Is.Empty);
        Assert.That(no.Where(s => Signals.Has(held, s)), Is.Empty);
        Assert.That(Signals.Has(held, Term), Is.False, "CoreCLR has a handler for it, that ends the process as the signal would.");
        using PosixSignalRegistration d = PosixSignalRegistration.Create(PosixSignal.SIGTERM, c => c.Cancel = true);
        Assert.That(Signals.Has(SignalHandlers.Holdable(0), Term), Is.True);
    }

    private static int Count(List<string> list)
    {
        lock (list)
            return list.Count;
    }

    private static void SpinUntil(Func<bool> condition) => Assert.That(SpinWait.SpinUntil(condition, _limit), Is.True);
}

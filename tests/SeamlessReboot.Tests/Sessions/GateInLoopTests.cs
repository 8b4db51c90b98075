using SeamlessReboot.Tests.Support;

namespace SeamlessReboot.Tests.Sessions;

/// <summary>A loop that has a safe point at its top and enters the gate too. The order is a reboot's: first the gate, then the loops.</summary>
[Parallelizable(ParallelScope.All)]
internal sealed class GateInLoopTests
{
    private static SafePoint New() => new("loop", null, _ => { });

    private static TaskCompletionSource NewSource() => new(TaskCreationOptions.RunContinuationsAsynchronously);

    [TestCase(false)]
    [TestCase(true)]
    public async Task A_loop_that_waits_at_the_closed_gate_is_let_in_to_come_to_its_safe_point(bool awaits)
    {
        Gate gate = new();
        SafePoint top = New();
        bool done = false;
        int rounds = 0;
        Task loop = Task.Run(async () =>
        {
            while (!Volatile.Read(ref done))
            {
                if (awaits)
                    await top.PollAsync();
                else
                    top.Poll();
                using (await gate.EnterAsync(default))
                    Interlocked.Increment(ref rounds);
            }
        });
        for (int i = 0; i < 300; i++)
        {
            await gate.CloseAsync().Within();
            if (i % 3 == 0)
                await Task.Delay(1); // so that the loop waits outside already
            await top.HoldAsync().Within();
            int before = Volatile.Read(ref rounds);
            Assert.That(gate.CloseAsync().IsCompletedSuccessfully, "It has left the gate.");
            await Task.Yield();
            Assert.That(Volatile.Read(ref rounds), Is.EqualTo(before), "It runs while held.");
            gate.Open();
            top.Release();
        }

        Volatile.Write(ref done, true);
        await loop.Within();
    }

    [Test]
    public async Task A_loop_of_its_own_thread_is_let_in_too()
    {
        Gate gate = new();
        SafePoint top = New();
        using ManualResetEventSlim polled = new(), closed = new();
        Task loop = Task.Factory.StartNew(() =>
        {
            top.Poll();
            polled.Set();
            closed.Wait();
            using (gate.EnterAsync(default).AsTask().GetAwaiter().GetResult())
                Assert.That(gate.CloseAsync().IsCompleted, Is.False);
            top.Poll();
        }, TaskCreationOptions.LongRunning);
        polled.Wait();
        await gate.CloseAsync().Within();
        closed.Set();
        await top.HoldAsync().Within();
        Assert.That(await loop.StaysPendingAsync());
        gate.Open();
        top.Release();
        await loop.Within();
    }

    [Test]
    public async Task Nobody_else_is_let_in()
    {
        Gate gate = new();
        SafePoint top = New(), other = New();
        Task otherLoop = Task.Run(async () =>
        {
            other.Poll();
            using (await gate.EnterAsync(default))
                other.Dispose();
        });
        await otherLoop.Within();
        await gate.CloseAsync().Within();
        Task<IDisposable> stranger = Task.Run(() => gate.EnterAsync(default).AsTask());
        Task held = top.HoldAsync();
        Assert.That(await Task.WhenAny(stranger, held).StaysPendingAsync());
        Task<IDisposable> ofAnother = Task.Run(() =>
        {
            New().Poll(); // of which the reboot wants nothing
            return gate.EnterAsync(default).AsTask();
        });
        Assert.That(await ofAnother.StaysPendingAsync());
        gate.Open();
        top.Release();
        (await stranger.Within()).Dispose();
        (await ofAnother.Within()).Dispose();
    }

    [Test]
    public async Task The_loop_has_not_stopped_before_everything_has_left_that_was_let_in_with_it()
    {
        Gate gate = new();
        SafePoint top = New();
        TaskCompletionSource polled = NewSource(), closed = NewSource(), leave = NewSource(), isIn = NewSource();
        Task? helper = null;
        Task loop = Task.Run(async () =>
        {
            top.Poll();
            polled.SetResult();
            await closed.Task;
            helper = HelpAsync();
            await isIn.Task;
            top.Poll();
        });
        await polled.Task.Within();
        await gate.CloseAsync().Within();
        closed.SetResult();
        Task held = top.HoldAsync();
        await isIn.Task.Within();
        Assert.That(await held.StaysPendingAsync());
        leave.SetResult();
        await held.Within();
        Assert.That(gate.CloseAsync().IsCompletedSuccessfully);
        gate.Open();
        top.Release();
        await Task.WhenAll(loop, helper!).Within();

        async Task HelpAsync()
        {
            using (await gate.EnterAsync(default))
            {
                isIn.SetResult();
                await leave.Task;
            }
        }
    }

    [Test]
    public async Task A_task_that_the_loop_has_started_in_an_earlier_round_waits_outside()
    {
        Gate gate = new();
        SafePoint top = New();
        TaskCompletionSource go = NewSource();
        Task<IDisposable>? child = null;
        await Task.Run(async () =>
        {
            top.Poll();
            child = EnterLaterAsync();
            using (await gate.EnterAsync(default))
                await Task.Yield();
            top.Poll();
        }).Within();
        await gate.CloseAsync().Within();
        Task held = top.HoldAsync();
        go.SetResult();
        Assert.That(await Task.WhenAny(child!, held).StaysPendingAsync());
        gate.Open();
        top.Release();
        (await child!.Within()).Dispose();

        async Task<IDisposable> EnterLaterAsync()
        {
            await go.Task;
            return await gate.EnterAsync(default);
        }
    }

    [Test]
    public async Task Tasks_that_need_the_loop_to_run_on_are_not_let_in_once_that_is_known()
    {
        Gate gate = new();
        SafePoint top = New();
        bool done = false;
        int pulse = 0;
        List<Task> commands = [];
        Task loop = Task.Factory.StartNew(() =>
        {
            while (!Volatile.Read(ref done))
            {
                top.Poll();
                Interlocked.Increment(ref pulse);
                if (commands.Count < 10 || commands[^10].IsCompleted)
                    commands.Add(CommandAsync());
                Thread.Yield();
            }
        }, TaskCreationOptions.LongRunning);
        await Limits.UntilAsync(() => Volatile.Read(ref pulse) > 100, "the loop has turned");
        for (int i = 0; i < 100; i++)
        {
            await gate.CloseAsync().Within();
            await top.HoldAsync().Within();
            gate.Open();
            top.Release();
        }

        Volatile.Write(ref done, true);
        await loop.Within();

        async Task CommandAsync() // as on a single-threaded loop: what it awaits comes in a later round
        {
            using (await gate.EnterAsync(default))
                for (int began = Volatile.Read(ref pulse); Volatile.Read(ref pulse) < began + 2 && !Volatile.Read(ref done);)
                    await Task.Yield();
        }
    }

    [Test]
    public async Task A_session_that_the_loop_has_added_is_no_part_of_the_loop()
    {
        Gate gate = new();
        SafePoint top = New();
        using SocketPair pair = SocketPair.Tcp();
        TaskCompletionSource<IDisposable> entered = new();
        await gate.CloseAsync().Within();
        await Task.Run(() =>
        {
            top.Poll();
            ((IRebootSession)new Entering(new SessionConnection(pair.Server), gate, entered)).Resume();
        }).Within();
        _ = top.HoldAsync();
        Assert.That(await entered.Task.StaysPendingAsync());
        gate.Open();
        (await entered.Task.Within()).Dispose();
    }

    [Test]
    public async Task Waiting_outside_can_be_given_up_by_a_loop_too()
    {
        Gate gate = new();
        SafePoint top = New();
        await gate.CloseAsync().Within();
        using CancellationTokenSource cancel = new();
        Task<IDisposable> waiting = Task.Run(() =>
        {
            top.Poll();
            return gate.EnterAsync(cancel.Token).AsTask();
        });
        Assert.That(await waiting.StaysPendingAsync());
        await cancel.CancelAsync();
        Assert.That(async () => await waiting.Within(), Throws.InstanceOf<OperationCanceledException>());
    }

    private sealed class Entering(SessionConnection connection, Gate gate, TaskCompletionSource<IDisposable> entered)
        : RebootSession<int>(connection, 0)
    {
        protected override async Task RunAsync() => entered.SetResult(await gate.EnterAsync(default));
    }
}

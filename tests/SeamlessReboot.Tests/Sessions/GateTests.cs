using SeamlessReboot.Tests.Support;

namespace SeamlessReboot.Tests.Sessions;

[Parallelizable(ParallelScope.All)]
internal sealed class GateTests
{
    [Test]
    public async Task Closing_waits_for_all_who_are_inside_and_lets_nobody_in()
    {
        Gate gate = new();
        IDisposable first = await gate.EnterAsync(default), second = await gate.EnterAsync(default);
        Task empty = gate.CloseAsync();
        Task<IDisposable> outside = gate.EnterAsync(default).AsTask();
        first.Dispose();
        Assert.That(empty.IsCompleted, Is.False);
        second.Dispose();
        await empty.Within();
        Assert.That(await outside.StaysPendingAsync());
        gate.Open();
        (await outside.Within()).Dispose();
        Assert.That(gate.CloseAsync().IsCompleted);
    }

    [Test]
    public void Closing_an_empty_gate_is_done_at_once() => Assert.That(new Gate().CloseAsync().IsCompletedSuccessfully);

    [Test]
    public async Task Waiting_outside_can_be_given_up()
    {
        Gate gate = new();
        _ = gate.CloseAsync();
        using CancellationTokenSource cancel = new();
        Task<IDisposable> outside = gate.EnterAsync(cancel.Token).AsTask();
        await cancel.CancelAsync();
        Assert.That(async () => await outside.Within(), Throws.InstanceOf<OperationCanceledException>());
        gate.Open();
        Assert.That(gate.CloseAsync().IsCompleted, "Who gave up is not inside.");
    }

    [Test]
    public async Task Leaving_twice_counts_once()
    {
        Gate gate = new();
        IDisposable first = await gate.EnterAsync(default), second = await gate.EnterAsync(default);
        first.Dispose();
        first.Dispose();
        Assert.That(gate.CloseAsync().IsCompleted, Is.False);
        second.Dispose();
        Assert.That(gate.CloseAsync().IsCompleted);
    }

    [Test]
    public async Task Nobody_is_ever_inside_a_closed_gate()
    {
        Gate gate = new();
        int inside = 0;
        bool done = false;
        Task[] workers = [.. Enumerable.Range(0, 4).Select(_ => Task.Run(async () =>
        {
            while (!Volatile.Read(ref done))
            {
                using (await gate.EnterAsync(default))
                {
                    Interlocked.Increment(ref inside);
                    await Task.Yield();
                    Interlocked.Decrement(ref inside);
                }
            }
        }))];
        for (int i = 0; i < 200; i++)
        {
            await gate.CloseAsync().Within();
            Assert.That(Volatile.Read(ref inside), Is.Zero);
            gate.Open();
            await Task.Yield();
        }

        Volatile.Write(ref done, true);
        await Task.WhenAll(workers).Within();
    }
}

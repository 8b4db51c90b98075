using SeamlessReboot.Tests.Support;

namespace SeamlessReboot.Tests.Reboots;

/// <summary>System state that is restored, or else loaded.</summary>
internal sealed class KeepWhenNoneTests : RebooterFixture
{
    [Test]
    public async Task It_is_loaded_at_a_cold_start_and_restored_after_a_reboot()
    {
        string? state = null;
        int loads = 0;
        Image image = New();
        Keep(image, () => $"loaded {++loads}");
        Assert.That(state, Is.Null, "Keep only registers.");
        image.Rebooter.Ready();
        Assert.That(state, Is.EqualTo("loaded 1"));
        state = "as it is now";
        Legacy legacy = await image.RebootAsync();
        state = null;
        Image next = Next(legacy);
        Keep(next, () => $"loaded {++loads}");
        next.Rebooter.Ready();
        Assert.That((state, loads), Is.EqualTo(("as it is now", 1)));

        void Keep(Image of, Func<string> load) => of.Rebooter.Keep("state", () => state!, (string loaded) => state = loaded, load);
    }

    [Test]
    public async Task What_this_version_is_the_first_to_keep_is_loaded_and_all_comes_in_the_order_of_registration()
    {
        Image image = New().Register().Serve();
        Client client = Connect(image);
        await client.SaysAndHearsAsync("a\n", "1 a\n");
        Image next = Next(await image.RebootAsync());
        List<string> calls = [];
        next.Rebooter.Restore(saved =>
        {
            calls.Add("session");
            return new EchoSession(saved.OpenConnection(), saved.ReadState<EchoState>());
        });
        next.Rebooter.Keep("rooms", () => 1, _ => calls.Add("rooms"), () =>
        {
            calls.Add("load rooms");
            return 1;
        });
        next.Rebooter.Keep("world", () => "", (string _) => calls.Add("world"), () =>
        {
            calls.Add("load world");
            return "";
        });
        next.Rebooter.Keep("old", () => 1, _ => calls.Add("old"));
        next.Rebooter.Ready();
        Assert.That(calls, Is.EqualTo(new[] { "load rooms", "rooms", "world", "session" }));
    }

    [TestCase(true)]
    [TestCase(false)]
    public async Task It_can_be_loaded_asynchronously(bool isAwaited)
    {
        using OneThread thread = new();
        int state = 0, restoredOn = 0;
        Image image = New();
        image.Rebooter.Keep("state", () => state, loaded => (state, restoredOn) = (loaded, Environment.CurrentManagedThreadId), async cancellationToken =>
        {
            await Task.Delay(10, cancellationToken);
            return 7;
        });
        if (isAwaited)
            await thread.Run(() => image.Rebooter.ReadyAsync()).Within();
        else
            await thread.Run(() =>
            {
                image.Rebooter.Ready(); // and does not wait for what waits for this thread
                return Task.CompletedTask;
            }).Within();
        Assert.That((state, restoredOn), Is.EqualTo((7, thread.Id)), "Restored where Ready was called.");
        Assert.That(image.Rebooter.RequestReboot("it is ready"));
    }

    [Test]
    public void What_cannot_be_loaded_leaves_Ready_with_its_name()
    {
        Image image = New();
        image.Rebooter.Keep("world", () => 1, _ => { }, () => throw new FileNotFoundException("world.dat is not there"));
        Assert.That(image.Rebooter.Ready, Throws.InvalidOperationException.With.Message.EqualTo("The system state 'world' could not be loaded: world.dat is not there")
            .And.InnerException.TypeOf<FileNotFoundException>());
    }

    [Test]
    public async Task The_loading_can_be_cancelled()
    {
        using CancellationTokenSource cancel = new();
        Image image = New();
        image.Rebooter.Keep("world", () => 1, _ => { }, async token =>
        {
            await Task.Delay(Timeout.Infinite, token);
            return 1;
        });
        Task ready = image.Rebooter.ReadyAsync(cancel.Token);
        await cancel.CancelAsync();
        Assert.That(async () => await ready.Within(), Throws.InstanceOf<OperationCanceledException>());
    }

    [Test]
    public async Task After_too_many_crashes_it_is_loaded_as_at_a_cold_start()
    {
        Image image = New();
        image.Rebooter.Keep("world", () => "poisoned", (string _) => { }, () => "");
        image.Rebooter.Ready();
        Legacy legacy = await image.RebootAsync();
        Image next = Next(legacy with { Note = legacy.Note with { Warm = false, AfterCrash = true } });
        string? world = null;
        next.Rebooter.Keep("world", () => "", (string given) => world = given, () => "from disk");
        next.Rebooter.Ready();
        Assert.That(world, Is.EqualTo("from disk"));
    }

    /// <summary>A single-threaded context, as a game loop has one.</summary>
    private sealed class OneThread : SynchronizationContext, IDisposable
    {
        private readonly System.Collections.Concurrent.BlockingCollection<(SendOrPostCallback Callback, object? State)> _posted = [];

        internal OneThread()
        {
            Thread thread = new(() =>
            {
                SetSynchronizationContext(this);
                Id = Environment.CurrentManagedThreadId;
                foreach ((SendOrPostCallback callback, object? state) in _posted.GetConsumingEnumerable())
                    callback(state);
            })
            { IsBackground = true };
            thread.Start();
        }

        internal int Id { get; private set; }

        internal Task Run(Func<Task> action)
        {
            TaskCompletionSource done = new(TaskCreationOptions.RunContinuationsAsynchronously);
            Post(async _ =>
            {
                try
                {
                    await action();
                    done.SetResult();
                }
                catch (InvalidOperationException e)
                {
                    done.SetException(e);
                }
            }, null);
            return done.Task;
        }

        public override void Post(SendOrPostCallback d, object? state) => _posted.Add((d, state));

        public void Dispose() => _posted.CompleteAdding();
    }
}

using SeamlessReboot.Spool;
using SeamlessReboot.Tests.Support;

namespace SeamlessReboot.Tests.Supervision;

/// <summary>A reboot without the exec.</summary>
[NonParallelizable]
internal sealed class CheckpointTests : RebooterFixture
{
    private FakeSupervisor _supervisor = null!;

    [SetUp]
    public void Supervise() => _supervisor = Ends(new FakeSupervisor(Temp["notify"]));

    [TearDown]
    public void End() => _supervisor.Dispose();

    private Image Start(RebooterOptions? options = null) => New(options, _supervisor.Restart([])).Register().Serve();

    private IReadOnlyList<SpoolRecord> Read(string name) =>
        SpoolReader.Read(File.ReadAllBytes(Path.Combine(SpoolDirectory, name)), null, hasEnd: name != SpoolFormat.AddedName).Records;

    [Test]
    public async Task Everyone_goes_on_and_what_they_are_is_on_disk()
    {
        Image image = Start();
        Client client = Connect(image);
        await client.SaysAndHearsAsync("hello\n", "1 hello\n");
        CheckpointReport report = await image.Rebooter.CheckpointAsync("test").Within();
        await client.SaysAndHearsAsync("again\n", "2 again\n");
        Assert.That(report.Failure, Is.Null);
        Assert.That(report.Sessions, Is.EqualTo(1));
        Assert.That(report.SessionsLate, Is.Zero);
        Assert.That(report.Pause, Is.GreaterThan(TimeSpan.Zero));
        Assert.That(image.Rebooter.LastCheckpoint, Is.SameAs(report));
        Assert.That(image.Rebooter.LastReboot, Is.Null, "It is no reboot.");
        Assert.That(report.SpoolBytes, Is.EqualTo(new FileInfo(Path.Combine(SpoolDirectory, SpoolFormat.CheckpointName)).Length));
        Assert.That(Read(SpoolFormat.CheckpointName).Select(r => r.Kind), Is.EquivalentTo([SpoolRecordKind.Listener, SpoolRecordKind.State, SpoolRecordKind.Session]));
        await _supervisor.HearsAsync("written in");
    }

    [Test]
    public async Task Who_is_added_later_is_on_disk_at_once_and_in_the_next_checkpoint_then()
    {
        Image image = Start();
        await Connect(image).SaysAndHearsAsync("hello\n", "1 hello\n");
        Assert.That(Read(SpoolFormat.AddedName).Select(r => r.Name), Is.EqualTo(["s1"]), "Before the first checkpoint, too.");
        await image.Rebooter.CheckpointAsync("test").Within();
        Assert.That(Read(SpoolFormat.AddedName), Is.Empty);
        await Connect(image).SaysAndHearsAsync("hello\n", "1 hello\n");
        Assert.That(Read(SpoolFormat.AddedName).Select(r => r.Name), Is.EqualTo(["s2"]));
        await image.Rebooter.CheckpointAsync("test").Within();
        Assert.That(Read(SpoolFormat.CheckpointName).Where(r => r.Kind == SpoolRecordKind.Session).Select(r => r.Name), Is.EqualTo(["s1", "s2"]));
    }

    [Test]
    public async Task A_session_at_work_is_not_waited_for_long_and_keeps_what_was_known_of_it()
    {
        Image image = Start(Options(freezeLimit: TimeSpan.FromMilliseconds(30)));
        using SocketPair pair = SocketPair.Tcp();
        TaskCompletionSource atWork = new();
        string state = "as it was";
        ScriptedSession busy = new(pair.Server)
        {
            OnCapture = () => new SessionSnapshot { UnreadInput = default, UnsentOutput = default, State = state },
        };
        image.Rebooter.Add(busy);
        await image.Rebooter.CheckpointAsync("first").Within();
        state = "half done";
        busy.OnSuspend = _ => new ValueTask(atWork.Task);
        CheckpointReport report = await image.Rebooter.CheckpointAsync("second").Within();
        atWork.SetResult();
        Assert.That(report.SessionsLate, Is.EqualTo(1));
        Assert.That(report.Failure, Is.Null);
        Assert.That(System.Text.Encoding.UTF8.GetString(Read(SpoolFormat.CheckpointName).Single(r => r.Name == "s1").State.Span), Is.EqualTo("\"as it was\""));
        Assert.That(busy.Calls[^1], Is.EqualTo("resume"));
    }

    [Test]
    public async Task A_session_that_cannot_be_captured_is_one_of_those()
    {
        Image image = Start();
        using SocketPair pair = SocketPair.Tcp();
        ScriptedSession session = new(pair.Server);
        image.Rebooter.Add(session);
        session.OnCapture = () => throw new InvalidOperationException("as told");
        CheckpointReport report = await image.Rebooter.CheckpointAsync("test").Within();
        Assert.That(report.SessionsLate, Is.EqualTo(1));
        Assert.That(Read(SpoolFormat.CheckpointName).Count(r => r.Name == "s1"), Is.EqualTo(1));
    }

    [Test]
    public async Task Work_outside_of_sessions_is_not_written_half_done()
    {
        Image image = Start(Options(freezeLimit: TimeSpan.FromMilliseconds(30), suspend: TimeSpan.FromMilliseconds(100)));
        await image.Rebooter.CheckpointAsync("first").Within();
        byte[] before = File.ReadAllBytes(Path.Combine(SpoolDirectory, SpoolFormat.CheckpointName));
        using (await image.Rebooter.EnterAsync())
        {
            IOException? failure = await Assert.ThrowsAsync<IOException>(() => image.Rebooter.CheckpointAsync("second").Within());
            Assert.That(failure!.Message, Does.Contain("EnterAsync"));
        }

        Assert.That(File.ReadAllBytes(Path.Combine(SpoolDirectory, SpoolFormat.CheckpointName)), Is.EqualTo(before));
        Assert.That(image.Log.Has("the one before counts"), Is.True);
        await Connect(image).SaysAndHearsAsync("hello\n", "1 hello\n");
    }

    [Test]
    public async Task A_checkpoint_that_cannot_be_written_leaves_the_one_before()
    {
        Image image = Start();
        await image.Rebooter.CheckpointAsync("first").Within();
        Directory.CreateDirectory(Path.Combine(SpoolDirectory, SpoolFormat.BesideName));
        await Assert.ThrowsAsync<IOException>(() => image.Rebooter.CheckpointAsync("second").Within());
        Assert.That(image.Rebooter.LastCheckpoint!.Failure, Is.Not.Null);
        Directory.Delete(Path.Combine(SpoolDirectory, SpoolFormat.BesideName));
        Assert.That(Read(SpoolFormat.CheckpointName), Is.Not.Empty);
        Assert.That((await image.Rebooter.CheckpointAsync("third").Within()).Failure, Is.Null);
    }

    [Test]
    public async Task A_reboot_asked_for_in_the_middle_of_a_checkpoint_comes_after_it()
    {
        Image image = Start();
        using SocketPair pair = SocketPair.Tcp();
        TaskCompletionSource reached = new(), go = new();
        ScriptedSession session = new(pair.Server);
        image.Rebooter.Add(session);
        session.OnCapture = () =>
        {
            reached.TrySetResult();
            go.Task.Wait();
            return new SessionSnapshot { UnreadInput = default, UnsentOutput = default };
        };
        Task checkpoint = image.Rebooter.CheckpointAsync("test");
        await reached.Task.Within();
        Assert.That(image.Rebooter.RequestReboot("in between"), Is.True);
        Assert.That(image.Rebooter.RequestCheckpoint("another"), Is.False);
        go.SetResult();
        await checkpoint.Within();
        await image.Process.Executed.Within();
    }

    [Test]
    public async Task They_come_by_themselves()
    {
        Image image = Start(Options(checkpoints: TimeSpan.FromMilliseconds(20)));
        await Limits.UntilAsync(() => image.Rebooter.LastCheckpoint is { Reason: "interval" }, "there was one");
        CheckpointReport first = image.Rebooter.LastCheckpoint!;
        await Limits.UntilAsync(() => image.Rebooter.LastCheckpoint != first, "there was another");
    }

    [Test]
    public async Task A_spool_directory_that_was_cleared_away_is_made_anew_and_given_away_again()
    {
        Image image = Start();
        await _supervisor.HearsAsync("READY=1");
        int before = _supervisor.Held["seamless"];
        Directory.Delete(SpoolDirectory, recursive: true);
        await image.Rebooter.CheckpointAsync("test").Within();
        Assert.That(Read(SpoolFormat.CheckpointName), Is.Not.Empty);
        await _supervisor.HearsAsync(m => m.Count(x => x.StartsWith("FDSTORE=1\nFDNAME=seamless", StringComparison.Ordinal)) == 2, "the new directory");
        Assert.That(before, Is.Positive);
    }
}

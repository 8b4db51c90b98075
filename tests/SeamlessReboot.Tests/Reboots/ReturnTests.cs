using System.Text;
using SeamlessReboot.Posix;
using SeamlessReboot.Tests.Support;

namespace SeamlessReboot.Tests.Reboots;

/// <summary>A release that fails between Start and the end of Ready: the one before is started in its place, with all that was inherited.</summary>
internal sealed class ReturnTests : RebooterFixture
{
    private static readonly string[] _command = ["/bin/true", "--port", "4000"], _real = ["/bin/true", "--port", "by its real path"];

    private string Good => Temp["good"];

    private string Bad => Temp["bad"];

    [SetUp]
    public void MakeReleases()
    {
        foreach (string release in new[] { Good, Bad })
        {
            File.WriteAllText(release, "");
            File.SetUnixFileMode(release, UnixFileMode.UserRead | UnixFileMode.UserExecute);
        }
    }

    [Test]
    public async Task A_session_that_cannot_be_restored_brings_the_release_before_back_with_everyone()
    {
        (Legacy legacy, Client first, Client second) = await TwoSessionsAsync(_real);
        Image bad = Begin(legacy, Bad, out string note);
        Task ready = Task.Run(bad.Rebooter.Ready); // hangs in its exec
        FakeProcess.Execution execution = await bad.Process.Executed.Within();
        Assert.Multiple(() =>
        {
            Assert.That(execution.Path, Is.EqualTo(Good));
            Assert.That(execution.Arguments, Is.EqualTo(_real));
            Assert.That(execution.Inheritance, Is.EqualTo(note), "as it came");
            Assert.That(Returned(execution), Does.StartWith("it cannot restore 1 of 2 sessions; session 1: no such room"));
            Assert.That(Fd.ListOpen()!.Where(fd => fd > 2 && Fd.IsCloseOnExec(fd) == false).Order(),
                Is.EqualTo(legacy.Records.Where(r => r.Fd >= 0).Select(r => r.Fd).Append(legacy.Note.SpoolFd).Order()), "All that was inherited comes through, and nothing else.");
        });

        Image back = Back(execution);
        back.Register().Serve();
        await first.SaysAndHearsAsync("y\n", "2 y\n");
        await second.SaysAndHearsAsync("y\n", "2 y\n");
        RebootReport report = back.Rebooter.LastReboot!;
        Assert.Multiple(() =>
        {
            Assert.That(report.CalledOff!.Stage, Is.EqualTo(RebootStage.Start));
            Assert.That(report.CalledOff.Message, Does.Contain("it cannot restore 1 of 2 sessions").And.Contain("no such room"));
            Assert.That((report.Generation, report.SessionsKept, report.SessionsLost.Count), Is.EqualTo((1, 2, 0)));
            Assert.That(back.Log.Has("Reboot called off"));
        });
        bad.Process.EndTest();
        await ready.Within();

        await back.RebootAsync();
        Assert.That((await back.Process.Executed).Arguments, Is.EqualTo(_command), "by the names of the start again, not by those of the release that has come back");
    }

    [Test]
    public async Task A_release_that_is_not_ready_in_time_brings_the_release_before_back()
    {
        (Legacy legacy, Client first, _) = await TwoSessionsAsync();
        Image bad = Begin(legacy, Bad, out string note, Options(checkTimeout: TimeSpan.FromMilliseconds(100)));
        FakeProcess.Execution execution = await bad.Process.Executed.Within(); // Ready is never called
        Assert.That((execution.Path, execution.Inheritance), Is.EqualTo((Good, note)));
        Assert.That(Returned(execution), Is.EqualTo("it was still not at the end of Ready after 0.1 s"));
        Back(execution).Register().Serve();
        await first.SaysAndHearsAsync("y\n", "2 y\n");
    }

    [Test]
    public async Task The_same_release_is_not_started_again_by_it_and_its_crash_goes_to_the_guard_against_crashes()
    {
        (Legacy legacy, Client first, Client second) = await TwoSessionsAsync();
        Image same = Begin(legacy, Good, out _);
        Legacy next = await same.CrashAsync(new InvalidOperationException("boom"));
        Assert.That(same.Log.Has("the release before it is started"), Is.False);
        Image after = Next(next).Register().Serve();
        Assert.That(after.Rebooter.LastReboot!.AfterCrash, Is.True);
        await first.SaysAndHearsAsync("y\n", "2 y\n");
        await second.SaysAndHearsAsync("y\n", "2 y\n");
    }

    [Test]
    public async Task The_same_release_goes_on_without_a_session_that_it_cannot_restore()
    {
        (Legacy legacy, Client first, Client second) = await TwoSessionsAsync();
        Image same = Begin(legacy, Good, out _).Serve();
        await first.HearAsync("Farewell.\n");
        await second.SaysAndHearsAsync("y\n", "2 y\n");
        Assert.That(same.Rebooter.LastReboot!.SessionsLost.Single().Id, Is.EqualTo(1));
        Assert.That(same.Process.Executed.IsCompleted, Is.False);
    }

    [Test]
    public async Task A_release_before_that_has_been_removed_is_named_and_this_one_goes_on()
    {
        (Legacy legacy, Client first, Client second) = await TwoSessionsAsync();
        File.Delete(Good);
        Image bad = Begin(legacy, Bad, out _).Serve();
        Assert.That(bad.Log.Has($"cannot be started again: The program '{Good}' is not there."));
        await first.HearAsync("Farewell.\n");
        await second.SaysAndHearsAsync("y\n", "2 y\n");
    }

    [Test]
    public async Task An_exec_that_fails_leaves_this_release_as_it_was()
    {
        (Legacy legacy, Client first, Client second) = await TwoSessionsAsync();
        FakeProcess process = new(legacy.Write()) { FakeProgram = Bad, OnExecute = _ => throw new SyscallException("execve", 26) };
        Image bad = New(Options(), process).Register(Unreadable);
        List<int> open = [.. Fd.ListOpen()!.Where(fd => Fd.IsCloseOnExec(fd) is not null)]; // not the one that the list was read by
        Dictionary<int, bool?> flags = open.ToDictionary(fd => fd, Fd.IsCloseOnExec);
        string directory = Environment.CurrentDirectory;
        bad.Serve();
        Assert.That(bad.Log.Has("cannot be started again: execve"));
        Assert.That(Environment.CurrentDirectory, Is.EqualTo(directory));
        foreach ((int fd, bool? flag) in flags)
            Assert.That(Fd.IsCloseOnExec(fd) ?? flag, Is.EqualTo(flag), $"Descriptor {fd}, {Fd.Describe(fd)}.");
        await first.HearAsync("Farewell.\n");
        await second.SaysAndHearsAsync("y\n", "2 y\n");
    }

    [Test]
    public async Task Once_it_is_ready_nothing_returns_to_the_release_before()
    {
        (Legacy legacy, _, _) = await TwoSessionsAsync();
        bool isExecuted = false;
        FakeProcess process = new(legacy.Write())
        {
            FakeProgram = Bad,
            OnExecute = _ =>
            {
                isExecuted = true;
                throw new SyscallException("execve", 2);
            },
        };
        RebooterOptions options = Options();
        Hall hall = Hall.Build(new ServerContext(options, GuardedLog.For(options), new JsonStateSerializer(), process), null, out Arrival arrival);
        arrival.AwaitSockets();
        StartGuard guard = new(hall, arrival);
        guard.Dispose();
        guard.Return("its timer had gone off already"); // on another thread, in the moment in which Ready was done
        hall.Close(isProcess: false);
        Assert.That(isExecuted, Is.False);
    }

    [TestCase("*")]
    [TestCase("")]
    public async Task Why_the_next_release_was_given_up_may_be_unreadable(string garbage)
    {
        (Legacy legacy, Client first, _) = await TwoSessionsAsync();
        FakeProcess process = new(legacy.Write());
        process.Variables[StartGuard.Variable] = garbage;
        New(Options(), process).Register().Serve();
        await first.SaysAndHearsAsync("y\n", "2 y\n");
    }

    /// <summary>What an image leaves to the next that runs the good release and has two sessions.</summary>
    /// <param name="arguments">Of the good release, by its real paths.</param>
    private async Task<(Legacy Legacy, Client First, Client Second)> TwoSessionsAsync(string[]? arguments = null)
    {
        Image image = New().Register().Serve();
        Client first = Connect(image);
        await first.SaysAndHearsAsync("x\n", "1 x\n");
        Client second = Connect(image);
        await second.SaysAndHearsAsync("x\n", "1 x\n");
        Legacy legacy = await image.RebootAsync();
        ReleaseImage good = ReleaseImage.Of(Good, [.. (arguments ?? _command).Select(Encoding.UTF8.GetBytes)], Temp.Path)!;
        return (legacy with { Note = legacy.Note with { Previous = good.Encode() } }, first, second);
    }

    /// <summary>The next image, that cannot restore the first session.</summary>
    private Image Begin(Legacy legacy, string program, out string note, RebooterOptions? options = null)
    {
        note = legacy.Write();
        return New(options ?? Options(), new FakeProcess(note) { FakeProgram = program, Command = _command }).Register(Unreadable);
    }

    private static EchoSession Unreadable(RestoredSession saved) => saved.Id == 1
        ? throw new InvalidDataException("no such room")
        : new EchoSession(saved.OpenConnection(), saved.ReadState<EchoState>());

    /// <summary>What the exec of the release before would start.</summary>
    private Image Back(FakeProcess.Execution execution)
    {
        FakeProcess process = new(Legacy.Of(execution.Inheritance, SpoolDirectory).Write()) { FakeProgram = Good, Command = _real };
        process.Variables[StartGuard.Variable] = Variable(execution, StartGuard.Variable);
        process.Variables[StartGuard.CommandVariable] = Variable(execution, StartGuard.CommandVariable);
        return New(Options(), process);
    }

    private static string Variable(FakeProcess.Execution execution, string name) =>
        execution.Environment.Single(v => v.StartsWith(name + "=", StringComparison.Ordinal))[(name.Length + 1)..];

    private static string Returned(FakeProcess.Execution execution) => Encoding.UTF8.GetString(Convert.FromBase64String(Variable(execution, StartGuard.Variable)));
}

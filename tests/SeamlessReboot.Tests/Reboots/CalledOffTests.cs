using SeamlessReboot.Posix;
using SeamlessReboot.Tests.Support;

namespace SeamlessReboot.Tests.Reboots;

/// <summary>A reboot that cannot succeed does not happen: the server serves on as if nobody had asked, and says what to do.</summary>
internal sealed class CalledOffTests : RebooterFixture
{
    private static readonly string[] _none = [];

    [TestCase(2, "ENOENT", "Put the new version where the old one was")]
    [TestCase(13, "EACCES", "chmod +x")]
    [TestCase(7, "E2BIG", "environment")]
    [TestCase(26, "ETXTBSY", "new directory")]
    [TestCase(21, "EISDIR", "RebooterOptions.Command")]
    public async Task An_exec_that_fails_leaves_everything_as_it_was(int errno, string name, string remedy)
    {
        Image image = New().Register().Serve();
        Client client = Connect(image);
        await client.SaysAndHearsAsync("a\n", "1 a\n");
        image.Process.OnExecute = _ => throw new SyscallException("execve(\"/bin/true\")", errno);
        string directory = Environment.CurrentDirectory;
        Dictionary<int, bool?> flags = Fd.ListOpen()!.ToDictionary(fd => fd, Fd.IsCloseOnExec);
        for (int attempt = 1; attempt <= 3; attempt++)
        {
            RebootException e = await CalledOffAsync(image);
            Assert.That(e.Stage, Is.EqualTo(RebootStage.Exec));
            Assert.That(e.Message, Does.Contain(name).And.Contain(remedy).And.Contain("serving as before"));
            Assert.That(image.Rebooter.LastReboot!.CalledOff, Is.SameAs(e));
            await client.SaysAndHearsAsync("b\n", $"{attempt + 1} b\n");
        }

        Assert.That(SpoolFiles, Is.Empty);
        Assert.That(Environment.CurrentDirectory, Is.EqualTo(directory));
        foreach ((int fd, bool? flag) in flags.Where(f => f.Value is not null)) // what was closed since it was listed was the list itself
            Assert.That(Fd.IsCloseOnExec(fd) ?? flag, Is.EqualTo(flag), $"Descriptor {fd}, {Fd.Describe(fd)}.");
        await Connect(image).SaysAndHearsAsync("new\n", "1 new\n");
        Assert.That(image.Log.Lines.Where(l => l.Contains("could not", StringComparison.Ordinal)), Is.EqualTo(_none));
    }

    [Test]
    public async Task Directory_and_umask_are_those_of_the_start_at_the_exec_and_the_old_ones_after_it()
    {
        string before = Environment.CurrentDirectory;
        Image image = New().Register().Serve();
        FakeProcess.Execution? seen = null;
        image.Process.OnExecute = execution =>
        {
            seen = execution;
            throw new SyscallException("execve", 2);
        };
        int umask = (int)Mono.Unix.Native.Syscall.umask((Mono.Unix.Native.FilePermissions)0x17);
        try
        {
            Environment.CurrentDirectory = Temp.Path;
            await CalledOffAsync(image);
            Assert.That((Environment.CurrentDirectory, CurrentUmask()), Is.EqualTo((Temp.Path, 0x17)));
            Assert.That((seen!.Directory, seen.Umask), Is.EqualTo((before, umask)));
        }
        finally
        {
            Environment.CurrentDirectory = before;
            _ = Mono.Unix.Native.Syscall.umask((Mono.Unix.Native.FilePermissions)umask);
        }
    }

    private static int CurrentUmask()
    {
        int umask = (int)Mono.Unix.Native.Syscall.umask(0);
        _ = Mono.Unix.Native.Syscall.umask((Mono.Unix.Native.FilePermissions)umask);
        return umask;
    }

    [Test]
    public async Task The_diagnostics_socket_is_aside_at_the_exec_and_back_after_it()
    {
        string socket = Path.Combine(Path.GetTempPath(), $"dotnet-diagnostic-{Environment.ProcessId}-424242-socket");
        File.WriteAllText(socket, "");
        try
        {
            Image image = New().Register().Serve();
            bool wasThere = true;
            image.Process.OnExecute = _ =>
            {
                wasThere = File.Exists(socket);
                throw new SyscallException("execve", 2);
            };
            await CalledOffAsync(image);
            Assert.That((wasThere, File.Exists(socket)), Is.EqualTo((false, true)));
        }
        finally
        {
            File.Delete(socket);
        }
    }

    [TestCase("/nowhere/program", "is not there", "RebooterOptions.Command")]
    [TestCase("nowhere-program", "is in no directory of PATH", "")]
    [TestCase("/etc/passwd", "may not be executed", "chmod +x '/etc/passwd'")]
    [TestCase("/etc", "is a directory", "RebooterOptions.Command")]
    [TestCase("dotnet nowhere.dll", "nowhere.dll' is not there", "Put the new version where the old one was")]
    public async Task A_program_that_cannot_be_started_is_found_before_anyone_is_disturbed(string command, string cause, string remedy)
    {
        string[] parts = command.Split(' ');
        if (parts[0] == "dotnet")
            parts[0] = Environment.ProcessPath!;
        if (Path.GetFileName(parts[0]) is "testhost")
            Assert.Ignore("The test host is no dotnet.");
        Image image = New(Options(command: parts)).Register().Serve();
        RebootException check = Assert.Throws<RebootException>(() => image.Rebooter.CheckReboot())!;
        Assert.That((check.Stage, check.Message.Contains(cause, StringComparison.Ordinal)), Is.EqualTo((RebootStage.Check, true)), check.Message);
        await ServesOnAsync(image, RebootStage.Check, cause, remedy);
        Assert.That(image.Rebooter.LastReboot!.Pause, Is.EqualTo(TimeSpan.Zero));
    }

    [TestCase("exit 3", "exit code 3")]
    [TestCase("echo no config >&2; exit 1", "no config")]
    [TestCase("sleep 60", "still not at Rebooter.Start after 0.2 s")]
    public async Task A_new_version_that_does_not_start_is_found_before_anyone_is_disturbed(string script, string cause)
    {
        Image image = New(Options(command: ["/bin/sh", "-c", script], check: true, checkTimeout: TimeSpan.FromSeconds(script[0] == 's' ? 0.2 : 10))).Register().Serve();
        await ServesOnAsync(image, RebootStage.Rehearse, cause);
    }

    [Test]
    public void A_new_version_that_starts_passes_the_check_with_the_environment_of_the_start()
    {
        Image image = New(Options(command: ["/bin/sh", "-c", "test \"$GREETING\" = grüße && test -z \"$SEAMLESSREBOOT_OLD\" && exit 113"], check: true)).Register().Serve();
        Assert.That(image.Rebooter.CheckReboot().Mode, Is.EqualTo(RehearsalMode.UntilStart), "An older release ends there.");
        Assert.That(SpoolFiles, Is.Empty);
    }

    [Test]
    public async Task A_serializer_that_throws_names_the_session()
    {
        Image image = New(Options(serializer: new Serializer())).Register().Serve();
        ScriptedSession session = Scripted(image);
        session.OnCapture = () => new SessionSnapshot { UnreadInput = default, UnsentOutput = default, State = new Unwritable() };
        await ServesOnAsync(image, RebootStage.Capture, "Session 1 could not be captured", "cannot be written", "set RebooterOptions.SessionFailure to Farewell");
        Assert.That(session.Calls, Is.EqualTo(new[] { "resume", "suspend", "capture", "resume" }));
    }

    [Test]
    public async Task A_save_callback_that_throws_is_named()
    {
        Image image = New();
        image.Register().Rebooter.Keep<int>("mail", () => throw new InvalidDataException("half written"), _ => { });
        image.Serve();
        await ServesOnAsync(image, RebootStage.Capture, "The system state 'mail' could not be saved", "half written");
    }

    [Test]
    public async Task A_session_that_never_comes_to_a_safe_point_is_named()
    {
        Image image = New(Options(suspend: TimeSpan.FromMilliseconds(100))).Register().Serve();
        ScriptedSession late = Scripted(image);
        CancellationToken overdue = default;
        late.OnSuspend = async token =>
        {
            overdue = token;
            await Task.Delay(Timeout.Infinite, CancellationToken.None);
        };
        await ServesOnAsync(image, RebootStage.Suspend, "Not at a safe point after 0.1 s: session 1.", "raise RebooterOptions.SuspendTimeout");
        Assert.That(overdue.CanBeCanceled);
        Assert.That(late.Calls, Is.EqualTo(new[] { "resume", "suspend", "resume" }));
    }

    [TestCase(true)]
    [TestCase(false)]
    public async Task A_session_whose_SuspendAsync_throws_is_named(bool atOnce)
    {
        Image image = New().Register().Serve();
        ScriptedSession session = Scripted(image);
        session.OnSuspend = async _ =>
        {
            if (!atOnce)
                await Task.Yield();
            throw new InvalidDataException("in the middle of a mail");
        };
        if (atOnce)
            session.OnSuspend = _ => throw new InvalidDataException("in the middle of a mail");
        await ServesOnAsync(image, RebootStage.Suspend, "session 1 could not be suspended", "in the middle of a mail");
    }

    [Test]
    public async Task A_session_that_cannot_be_captured_calls_the_reboot_off_by_default()
    {
        Image image = New().Register().Serve();
        Scripted(image).OnCapture = () => throw new InvalidDataException("an open editor");
        await ServesOnAsync(image, RebootStage.Capture, "Session 1 could not be captured: an open editor");
    }

    [Test]
    public async Task OnSuspending_that_throws_calls_it_off()
    {
        Image image = New(Options(flush: _ => throw new IOException("the database is gone"))).Register().Serve();
        await ServesOnAsync(image, RebootStage.Flush, "the database is gone");
    }

    [Test]
    public async Task OnSuspending_whose_own_work_timed_out_says_so_itself()
    {
        Image image = New(Options(flush: _ => throw new TimeoutException("the database does not answer"))).Register().Serve();
        await ServesOnAsync(image, RebootStage.Flush, "the database does not answer");
    }

    [TestCase(true)]
    [TestCase(false)]
    public async Task OnSuspending_that_hangs_calls_it_off(bool heedsItsToken)
    {
        using ManualResetEventSlim never = new();
        Image image = New(Options(flushTimeout: TimeSpan.FromMilliseconds(100), flush: async token =>
        {
            if (!heedsItsToken)
                never.Wait(CancellationToken.None); // blocks its thread
            await Task.Delay(Timeout.Infinite, token);
        })).Register().Serve();
        await ServesOnAsync(image, RebootStage.Flush, "OnSuspending has not returned after 0.1 s", "raise RebooterOptions.FlushTimeout");
        never.Set();
    }

    [Test]
    public async Task A_safe_point_and_a_gate_that_are_not_left_are_named()
    {
        Image image = New(Options(suspend: TimeSpan.FromMilliseconds(100))).Register().Serve();
        using (await image.Rebooter.EnterAsync())
            await ServesOnAsync(image, RebootStage.Suspend, "EnterAsync");
        using SafePoint point = image.Rebooter.AddSafePoint("game loop");
        await ServesOnAsync(image, RebootStage.Suspend, "safe point 'game loop'");
    }

    private ScriptedSession Scripted(Image image)
    {
        SocketPair pair = Ends(SocketPair.Tcp());
        ScriptedSession session = new(pair.Server);
        image.Rebooter.Add(session);
        return session;
    }

    private async Task ServesOnAsync(Image image, RebootStage stage, params string[] parts)
    {
        Client client = Connect(image);
        await client.SaysAndHearsAsync("a\n", "1 a\n");
        RebootException e = await CalledOffAsync(image);
        Assert.That(e.Stage, Is.EqualTo(stage), e.Message);
        foreach (string part in parts)
            Assert.That(e.Message, Does.Contain(part));
        await client.SaysAndHearsAsync("b\n", "2 b\n");
        await Connect(image).SaysAndHearsAsync("new\n", "1 new\n");
        Assert.That(image.Process.Executed.IsCompleted, Is.False);
        Assert.That(SpoolFiles, Is.Empty);
    }

    private sealed class Unwritable;

    private sealed class Serializer : IStateSerializer
    {
        private readonly JsonStateSerializer _json = new();

        public string Name => "json";

        public object? Deserialize(ReadOnlyMemory<byte> data, Type type) => _json.Deserialize(data, type);

        public void Serialize(System.Buffers.IBufferWriter<byte> writer, object? value, Type type)
        {
            _json.Serialize(writer, "half of it", typeof(string));
            if (value is Unwritable)
                throw new NotSupportedException("cannot be written");
            _json.Serialize(writer, value, type);
        }
    }
}

using System.Net;
using System.Net.Sockets;
using System.Runtime.InteropServices;
using System.Text;
using Microsoft.Win32.SafeHandles;
using SeamlessReboot.Tests.Support;

namespace SeamlessReboot.Tests.Reboots;

/// <summary>From one image into the next, through spool and descriptors, with nothing but exec itself left out.</summary>
internal sealed class RoundTripTests : RebooterFixture
{
    [Test]
    public async Task Sessions_state_and_listener_come_back_over_three_reboots()
    {
        Image image = New().Register().Serve();
        Client a = Connect(image), b = Connect(image);
        await a.SaysAndHearsAsync("x\n", "1 x\n");
        await b.SaysAndHearsAsync("y\n", "1 y\n");
        image.World = "changed";
        EndPoint address = image.Listener!.LocalEndPoint!;
        for (int generation = 1; generation <= 3; generation++)
        {
            a.Say("hal"); // half typed, and unsent until its end comes
            Legacy legacy = await image.RebootAsync();
            Client waiting = Ends(new Client(address)); // while nobody accepts
            image = Next(legacy).Register().Serve();
            Assert.That((image.Rebooter.Generation, image.Rebooter.LastReboot!.SessionsKept, image.World), Is.EqualTo((generation, generation + 1, "changed")));
            Assert.That(image.Listener!.LocalEndPoint, Is.EqualTo(address));
            Assert.That(SpoolFiles, Is.Empty);
            await a.SaysAndHearsAsync("f\n", $"{generation + 1} half\n");
            await b.SaysAndHearsAsync("y\n", $"{generation + 1} y\n");
            await waiting.SaysAndHearsAsync("w\n", "1 w\n");
            Assert.That(image.Log.Lines.Where(l => !l.StartsWith("Information", StringComparison.Ordinal)), Is.Empty);
            Assert.That(image.Rebooter.SessionCount, Is.EqualTo(generation + 2));
        }
    }

    [Test]
    public async Task Who_refers_to_one_another_is_joined_when_all_are_restored_and_none_runs()
    {
        Image image = New().Register().Serve();
        Client client = Connect(image);
        await client.SaysAndHearsAsync("x\n", "1 x\n");
        Legacy legacy = await image.RebootAsync();
        client.Say("y\n");
        Image next = Next(legacy);
        List<string> order = [];
        next.Rebooter.Restore(
            saved =>
            {
                order.Add("session");
                return new EchoSession(saved.OpenConnection(), saved.ReadState<EchoState>());
            },
            () => order.Add(client.Socket.Available == 0 ? "all, and none has answered" : "too late"));
        next.Rebooter.Ready();
        Assert.That(order, Is.EqualTo(new[] { "session", "all, and none has answered" }));
        await client.HearAsync("2 y\n");
    }

    [Test]
    public async Task A_session_whose_truth_is_elsewhere_is_asked_for_its_state_at_the_reboot()
    {
        Image image = New().Register().Serve();
        using SocketPair pair = SocketPair.Tcp();
        image.Rebooter.Add(new ModelledSession(new SessionConnection(pair.Server)));
        Legacy legacy = await image.RebootAsync();
        Assert.That(Encoding.UTF8.GetString(legacy.Records.Single(r => r.Name == "s1").State.Span), Is.EqualTo("\"as it is now\""));
    }

    [Test]
    public async Task A_restored_socket_waits_in_synchronous_calls_as_it_says()
    {
        Image image = New().Register().Serve();
        await Connect(image).SaysAndHearsAsync("x\n", "1 x\n"); // asynchronously: the runtime has made the socket non-blocking
        Image next = Next(await image.RebootAsync());
        bool? isNonBlocking = null;
        next.Rebooter.Restore(saved =>
        {
            int flags = Mono.Unix.Native.Syscall.fcntl((int)saved.Socket.Handle, Mono.Unix.Native.FcntlCommand.F_GETFL);
            isNonBlocking = (flags & (int)Mono.Unix.Native.OpenFlags.O_NONBLOCK) != 0;
            return new EchoSession(saved.OpenConnection(), saved.ReadState<EchoState>());
        });
        next.Rebooter.Ready();
        Assert.That(isNonBlocking, Is.False);
    }

    private sealed class ModelledSession(SessionConnection connection) : RebootSession<string>(connection, "as it was at the start")
    {
        protected override string CaptureState() => "as it is now";

        protected override async Task RunAsync() => await Connection.ReadLineAsync();
    }

    [Test]
    public async Task The_program_is_started_as_it_was_with_the_environment_of_the_start_and_the_note()
    {
        Image image = New().Register().Serve();
        await image.RebootAsync();
        FakeProcess.Execution execution = await image.Process.Executed;
        Assert.That(execution.Path, Is.EqualTo("/bin/true"));
        Assert.That(execution.Arguments, Is.EqualTo(new[] { "/bin/true", "argument" }));
        Assert.That(execution.Environment[..^1], Is.EqualTo(new[] { "PATH=/usr/bin:/bin", "GREETING=grüße" }));
        Assert.That(execution.Environment[^1], Does.StartWith("SEAMLESSREBOOT_INHERITANCE=3;1;"));
    }

    [Test]
    public async Task The_report_tells_stages_pause_sessions_and_reason()
    {
        Image image = New().Register().Serve();
        await Connect(image).SaysAndHearsAsync("x\n", "1 x\n");
        Image next = Next(await image.RebootAsync()).Register().Serve();
        RebootReport report = next.Rebooter.LastReboot!;
        Assert.That((report.Generation, report.Reason, report.AfterCrash, report.CalledOff, report.SessionsKept), Is.EqualTo((1, "test", false, (RebootException?)null, 1)));
        Assert.That(report.SessionsLost, Is.Empty);
        Assert.That(report.SpoolBytes, Is.GreaterThan(100));
        Assert.That(report.Stages.Keys, Is.EquivalentTo(new[]
        {
            RebootStage.Suspend, RebootStage.Capture, RebootStage.Write, RebootStage.Flush, RebootStage.Descriptors, RebootStage.Exec,
            RebootStage.Start, RebootStage.Register, RebootStage.Ready,
        }));
        Assert.That(report.Stages.Values, Has.All.GreaterThanOrEqualTo(TimeSpan.Zero));
        Assert.That(report.Stages.Values.Sum(s => s.TotalMilliseconds), Is.EqualTo(report.Pause.TotalMilliseconds).Within(1));
        Assert.That(next.Log.Has("Generation 1 is ready (test): paused"));
    }

    [Test]
    public async Task Order_and_numbers_of_the_sessions_stay()
    {
        Image image = New().Register().Serve();
        foreach (string name in new[] { "a", "b", "c", "d" })
            await Connect(image).SaysAndHearsAsync(name + "\n", $"1 {name}\n");
        IRebootSession second = image.Rebooter.GetSessions()[1];
        Assert.That(image.Rebooter.Remove(second));
        second.Socket.Dispose();
        foreach ((IRebootSession session, int i) in image.Rebooter.GetSessions().Select((s, i) => (s, i)))
            ((EchoSession)session).State.Name = "player " + i;
        Image next = New(process: new FakeProcess((await image.RebootAsync()).Write()));
        List<(long, string, string)> restored = [];
        next.Rebooter.Restore(saved =>
        {
            EchoState state = saved.ReadState<EchoState>();
            restored.Add((saved.Id, saved.Kind, state.Name));
            return new EchoSession(saved.OpenConnection(), state);
        });
        next.Rebooter.Keep("world", () => "", (string _) => Assert.That(restored, Is.Empty, "System state comes first."));
        next.Rebooter.Ready();
        Assert.That(restored, Is.EqualTo(new[] { (1L, "echo", "player 0"), (3L, "echo", "player 1"), (4L, "echo", "player 2") }));
    }

    [Test]
    public async Task Connections_accepted_and_not_yet_added_come_out_of_AcceptAsync_again()
    {
        Image image = New().Register();
        image.Rebooter.Ready();
        Client first = Connect(image), second = Connect(image);
        _ = await image.Rebooter.AcceptAsync(image.Listener!).AsTask().Within();
        _ = await image.Rebooter.AcceptAsync(image.Listener!).AsTask().Within();
        Image next = Next(await image.RebootAsync()).Register().Serve();
        await first.SaysAndHearsAsync("a\n", "1 a\n");
        await second.SaysAndHearsAsync("b\n", "1 b\n");
        Assert.That(next.Rebooter.SessionCount, Is.EqualTo(2));
    }

    [Test]
    public async Task An_accepted_connection_whose_listener_is_gone_gets_a_farewell()
    {
        Image image = New().Register();
        image.Rebooter.Ready();
        Client client = Connect(image);
        _ = await image.Rebooter.AcceptAsync(image.Listener!).AsTask().Within();
        Image next = Next(await image.RebootAsync());
        next.Rebooter.Ready();
        await client.HearAsync("Farewell.\n");
        await client.HearsTheEndAsync();
    }

    [Test]
    public async Task A_session_whose_state_does_not_load_is_quarantined_alone()
    {
        Image image = New().Register().Serve();
        Client bad = Connect(image);
        await bad.SaysAndHearsAsync("x\n", "1 x\n");
        Client good = Connect(image);
        await good.SaysAndHearsAsync("x\n", "1 x\n");
        Image next = New(process: new FakeProcess((await image.RebootAsync()).Write()));
        next.Rebooter.Restore(saved => saved.Id == 1 ? throw new InvalidDataException("no such room") : new EchoSession(saved.OpenConnection(), saved.ReadState<EchoState>()));
        next.Rebooter.Ready();
        await bad.HearAsync("Farewell.\n");
        await bad.HearsTheEndAsync();
        await good.SaysAndHearsAsync("y\n", "2 y\n");
        LostSession lost = next.Rebooter.LastReboot!.SessionsLost.Single();
        Assert.That(lost.Id, Is.EqualTo(1));
        Assert.That(lost.Reason, Does.StartWith("It could not be restored: InvalidDataException: no such room"));
        Assert.That(File.Exists(lost.StateFile));
        Assert.That(next.Rebooter.SessionCount, Is.EqualTo(1));
        using StringWriter dump = new();
        SpoolDump.Write(SpoolDirectory, dump);
        Assert.That(dump.ToString(), Does.Contain("s1").And.Contain("\"Lines\":1"));
    }

    [Test]
    public async Task A_session_that_cannot_be_captured_gets_a_farewell_if_the_policy_says_so()
    {
        Image image = New(Options(SessionFailurePolicy.Farewell)).Register().Serve();
        using SocketPair pair = SocketPair.Tcp();
        image.Rebooter.Add(new ScriptedSession(pair.Server) { OnCapture = () => throw new InvalidDataException("an open editor") });
        Client good = Connect(image);
        await good.SaysAndHearsAsync("x\n", "1 x\n");
        Legacy legacy = await image.RebootAsync();
        Assert.That(pair.HeardSoFar, Is.Zero, "Nothing is said that could not be taken back.");
        Image next = Next(legacy).Register().Serve();
        Assert.That(Encoding.UTF8.GetString(await pair.HearToEndAsync()), Is.EqualTo("Farewell.\n"));
        await good.SaysAndHearsAsync("y\n", "2 y\n");
        Assert.That(next.Rebooter.LastReboot!.SessionsLost.Single().Reason, Is.EqualTo("It could not be captured: an open editor"));
    }

    [Test]
    public async Task A_session_that_has_ended_has_its_last_words_delivered_and_no_farewell()
    {
        Image image = New().Register().Serve();
        using SocketPair pair = SocketPair.Tcp();
        image.Rebooter.Add(new ScriptedSession(pair.Server)
        {
            OnCapture = () => new SessionSnapshot { UnreadInput = "junk"u8.ToArray(), UnsentOutput = "Bye!"u8.ToArray(), HasEnded = true },
        });
        Image next = Next(await image.RebootAsync()).Register().Serve();
        Assert.That(Encoding.UTF8.GetString(await pair.HearToEndAsync()), Is.EqualTo("Bye!"));
        Assert.That((next.Rebooter.SessionCount, next.Rebooter.LastReboot!.SessionsLost.Count), Is.EqualTo((0, 0)));
    }

    [Test]
    public async Task Unread_and_unsent_bytes_of_a_server_with_its_own_buffers_come_back()
    {
        Image image = New().Register().Serve();
        using SocketPair pair = SocketPair.Tcp();
        image.Rebooter.Add(new ScriptedSession(pair.Server)
        {
            OnCapture = () => new SessionSnapshot { UnreadInput = "in"u8.ToArray(), UnsentOutput = "out"u8.ToArray(), Kind = "own" },
        });
        Image next = New(process: new FakeProcess((await image.RebootAsync()).Write()));
        (string, string, string) came = default;
        next.Rebooter.Restore(saved =>
        {
            came = (saved.Kind, Encoding.UTF8.GetString(saved.UnreadInput.Span), Encoding.UTF8.GetString(saved.UnsentOutput.Span));
            Assert.That(saved.RemoteEndPoint, Is.EqualTo(pair.Client.LocalEndPoint));
            Assert.That(saved.ReadState<EchoState>, Throws.TypeOf<InvalidDataException>().With.Message.Contains("without state"));
            return new ScriptedSession(saved.Socket);
        });
        next.Rebooter.Ready();
        Assert.That(came, Is.EqualTo(("own", "in", "out")));
        Assert.That(((ScriptedSession)next.Rebooter.GetSessions().Single()).Calls, Is.EqualTo(new[] { "resume" }));
    }

    [Test]
    public async Task A_client_that_went_during_the_reboot_is_restored_and_then_ends()
    {
        Image image = New().Register().Serve();
        Client client = Connect(image);
        await client.SaysAndHearsAsync("x\n", "1 x\n");
        Legacy legacy = await image.RebootAsync();
        client.Socket.LingerState = new LingerOption(true, 0);
        client.Dispose();
        Image next = Next(legacy).Register().Serve();
        Assert.That(next.Rebooter.LastReboot!.SessionsKept, Is.EqualTo(1));
        await Limits.UntilAsync(() => next.Rebooter.SessionCount == 0, "the session has ended");
    }

    [Test]
    public async Task A_descriptor_that_was_kept_open_comes_back_with_its_content()
    {
        Image image = New();
        SafeHandle Open() => File.OpenHandle(Temp["kept"], FileMode.Create, FileAccess.ReadWrite);
        using SafeHandle handle = image.Register().Rebooter.KeepOpen("file", Open);
        RandomAccess.Write((SafeFileHandle)handle, "hello"u8, 0);
        image.Serve();
        Legacy legacy = await image.RebootAsync();
        File.Delete(Temp["kept"]);
        Image next = Next(legacy);
        using SafeHandle kept = next.Register().Rebooter.KeepOpen("file", () => throw new InvalidOperationException("not anew"));
        next.Serve();
        byte[] bytes = new byte[5];
        Assert.That(RandomAccess.Read((SafeFileHandle)kept, bytes, 0), Is.EqualTo(5));
        Assert.That(Encoding.UTF8.GetString(bytes), Is.EqualTo("hello"));
    }

    [Test]
    public async Task A_unix_listener_keeps_its_file_and_loses_it_at_the_end()
    {
        UnixDomainSocketEndPoint name = new(Temp["server"]);
        Image image = New();
        image.Rebooter.Listen(name);
        image.Register().Serve();
        Legacy legacy = await image.RebootAsync();
        Image next = Next(legacy);
        Socket listener = next.Rebooter.Listen(name);
        next.Register().Serve();
        using Client client = new(name);
        Socket accepted = await next.Rebooter.AcceptAsync(listener).AsTask().Within();
        accepted.Dispose();
        Assert.That(File.Exists(Temp["server"]));
        next.Rebooter.Dispose();
        Assert.That(File.Exists(Temp["server"]), Is.False);
    }

    [Test]
    public async Task Several_listeners_on_port_0_come_back_each_as_it_was()
    {
        Image image = New().Register();
        EndPoint second = image.Rebooter.Listen(new IPEndPoint(IPAddress.Loopback, 0)).LocalEndPoint!;
        image.Serve();
        Assert.That(second, Is.Not.EqualTo(image.Listener!.LocalEndPoint));
        Image next = Next(await image.RebootAsync()).Register();
        Assert.That(next.Listener!.LocalEndPoint, Is.EqualTo(image.Listener.LocalEndPoint));
        Assert.That(next.Rebooter.Listen(new IPEndPoint(IPAddress.Loopback, 0)).LocalEndPoint, Is.EqualTo(second));
        next.Serve();
    }

    [Test]
    public async Task A_listener_that_this_version_does_not_claim_is_closed_with_its_socket_file()
    {
        Image image = New();
        image.Rebooter.Listen(new UnixDomainSocketEndPoint(Temp["server"]));
        image.Register().Serve();
        Legacy legacy = await image.RebootAsync();
        int fd = legacy.Records.Single(r => r.Name.StartsWith("unix:", StringComparison.Ordinal)).Fd;
        Image next = Next(legacy).Register().Serve();
        Assert.That(next.Log.Has($"Inherited descriptor {fd} "));
        Assert.That(File.Exists(Temp["server"]), Is.False);
    }

    [Test]
    public async Task A_listener_that_the_application_has_closed_does_not_hold_up_the_reboot()
    {
        Image image = New();
        Socket closed = image.Rebooter.Listen(new IPEndPoint(IPAddress.Loopback, 0));
        closed.Dispose();
        image.Rebooter.Listen(new UnixDomainSocketEndPoint(Temp["server"])).Dispose();
        image.Listener?.Dispose();
        image.Rebooter.Ready();
        Legacy legacy = await image.RebootAsync();
        Assert.That(legacy.Records, Is.Empty);
    }

    [Test]
    public async Task System_state_that_this_version_does_not_keep_is_dropped_and_logged()
    {
        Image image = New().Register().Serve();
        Image next = New(process: new FakeProcess((await image.RebootAsync()).Write()));
        next.Rebooter.Ready();
        Assert.That(next.Log.Has("The state 'world' is kept by no one in this version"));
    }

    [Test]
    public async Task A_new_piece_of_system_state_starts_as_it_is()
    {
        Image image = New().Register().Serve();
        Image next = Next(await image.RebootAsync());
        next.Rebooter.Keep("mail", () => 1, (int _) => Assert.Fail("There was none."));
        next.Register().Serve();
        await Connect(next).SaysAndHearsAsync("x\n", "1 x\n");
    }

    [Test]
    public async Task A_client_in_the_middle_of_megabytes_hears_all_of_them()
    {
        Image image = New().Register().Serve();
        using SocketPair pair = SocketPair.Tcp(window: 4096);
        SessionConnection connection = new(pair.Server, new SessionConnectionOptions { OutputLimit = 10_000_000 });
        EchoSession session = new(connection, new EchoState());
        image.Rebooter.Add(session);
        await connection.WriteAsync(Pattern.Bytes(0, 3_000_000)).Within();
        Image next = Next(await image.RebootAsync()).Register().Serve();
        Assert.That(Pattern.FirstWrong(await pair.HearAsync(3_000_000), 0), Is.EqualTo(-1));
        pair.Say("x\n");
        Assert.That(await pair.HearTextAsync(4), Is.EqualTo("1 x\n"));
        Assert.That(next.Rebooter.SessionCount, Is.EqualTo(1));
    }
}

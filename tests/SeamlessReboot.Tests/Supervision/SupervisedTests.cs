using SeamlessReboot.Posix;
using SeamlessReboot.Tests.Support;

namespace SeamlessReboot.Tests.Supervision;

/// <summary>What a server tells its supervisor, and when.</summary>
[NonParallelizable]
internal sealed class SupervisedTests : RebooterFixture
{
    [Test]
    public async Task A_cold_start_gives_away_spool_and_listener_and_says_ready()
    {
        FakeSupervisor supervisor = Ends(new FakeSupervisor(Temp["notify"]));
        Image image = New(process: supervisor.Restart([])).Register().Serve();
        await supervisor.HearsAsync("READY=1");
        string[] heard = supervisor.Messages;
        Assert.That(image.Rebooter.IsCrashSafe, Is.True);
        Assert.That(supervisor.Held.Keys, Has.One.EqualTo("seamless").And.One.StartsWith("l"));
        Assert.That(heard.Single(m => m.Contains("FDNAME=l", StringComparison.Ordinal)), Does.Contain("FDPOLL=0"), "A listener that is polled would be thrown away.");
        string ready = heard.Single(m => m.StartsWith("READY=1", StringComparison.Ordinal));
        Assert.That(ready.Split('\n'), Does.Contain($"MAINPID={Environment.ProcessId}").And.Contain("X_SEAMLESSREBOOT=1").And.Contain("X_SEAMLESSREBOOT_GENERATION=0"));
        Assert.That(Array.IndexOf(heard, ready), Is.GreaterThan(Array.FindIndex(heard, m => m.Contains("FDNAME=seamless", StringComparison.Ordinal))), "Ready means safe.");
    }

    [Test]
    public async Task A_session_is_given_away_when_added_and_taken_back_when_it_ends()
    {
        FakeSupervisor supervisor = Ends(new FakeSupervisor(Temp["notify"]));
        Image image = New(process: supervisor.Restart([])).Register().Serve();
        Client client = Connect(image);
        await client.SaysAndHearsAsync("hello\n", "1 hello\n");
        await supervisor.HearsAsync("FDSTORE=1\nFDNAME=c");
        Assert.That(supervisor.Messages.Single(m => m.StartsWith("FDSTORE=1\nFDNAME=c", StringComparison.Ordinal)), Does.Not.Contain("FDPOLL"), "A client that has gone need not be held.");
        client.Say("quit\n");
        await client.HearsTheEndAsync();
        await supervisor.HearsAsync("FDSTOREREMOVE=1\nFDNAME=c");
    }

    [Test]
    public async Task A_client_is_held_before_it_is_a_session_and_let_go_when_it_is_turned_away()
    {
        FakeSupervisor supervisor = Ends(new FakeSupervisor(Temp["notify"]));
        Image image = New(process: supervisor.Restart([])).Register();
        image.Rebooter.Ready();
        Client client = Connect(image);
        System.Net.Sockets.Socket accepted = await image.Rebooter.AcceptAsync(image.Listener!).Within();
        await supervisor.HearsAsync("FDSTORE=1\nFDNAME=c");
        accepted.Close();
        await client.HearsTheEndAsync();
        await supervisor.HearsAsync("FDSTOREREMOVE=1\nFDNAME=c");
    }

    [Test]
    public async Task The_client_sees_its_end_at_once_although_a_duplicate_is_held()
    {
        FakeSupervisor supervisor = Ends(new FakeSupervisor(Temp["notify"], reads: false)); // so it cannot let go either
        Image image = New(process: supervisor.Restart([])).Register().Serve();
        Client client = Connect(image);
        await client.SaysAndHearsAsync("hello\n", "1 hello\n");
        client.Say("quit\n");
        await client.HearsTheEndAsync();
        supervisor.StartReading();
        await supervisor.HearsAsync("FDSTOREREMOVE=1\nFDNAME=c");
    }

    [Test]
    public async Task Nobody_waits_for_a_supervisor_that_does_not_read_and_nothing_it_was_told_is_lost()
    {
        FakeSupervisor supervisor = Ends(new FakeSupervisor(Temp["notify"], reads: false));
        Image image = New(process: supervisor.Restart([])).Register().Serve();
        const int Many = 700; // more than any queue of datagrams
        for (int i = 0; i < Many; i++)
            await Connect(image).SaysAndHearsAsync("hello\n", "1 hello\n");
        supervisor.StartReading();
        await supervisor.HearsAsync(m => m.Count(x => x.StartsWith("FDSTORE=1\nFDNAME=c", StringComparison.Ordinal)) == Many, "all clients");
        Assert.That(supervisor.Held.Keys.Count(k => k[0] == 'c'), Is.EqualTo(Many));
        IEnumerable<string> inOrder = image.Rebooter.GetSessions().Select(s => "FDSTORE=1\nFDNAME=c" + SocketKernel.Cookie((int)s.Socket.SafeHandle.DangerousGetHandle()).ToString("x", null));
        Assert.That(supervisor.Messages.Where(m => m.StartsWith("FDSTORE=1\nFDNAME=c", StringComparison.Ordinal)), Is.EqualTo(inOrder));
    }

    [Test]
    public async Task A_supervisor_that_has_gone_harms_nobody_and_is_told_of_once()
    {
        Image image;
        using (FakeSupervisor supervisor = new(Temp["notify"]))
        {
            image = New(process: supervisor.Restart([])).Register().Serve();
            await supervisor.HearsAsync("READY=1");
        }

        await Connect(image).SaysAndHearsAsync("hello\n", "1 hello\n");
        await Connect(image).SaysAndHearsAsync("hello\n", "1 hello\n");
        Assert.That(image.Log.Lines.Count(l => l.Contains("cannot be reached", StringComparison.Ordinal)), Is.EqualTo(1));
    }

    [TestCase("FDSTORE", "0")]
    [TestCase("MEMORY_PRESSURE_WATCH", "/dev/null")]
    public async Task Without_a_store_nothing_is_given_away_and_a_checkpoint_is_refused(string variable, string value)
    {
        FakeSupervisor supervisor = Ends(new FakeSupervisor(Temp["notify"]));
        FakeProcess process = supervisor.Restart([]);
        process.Variables.Remove("FDSTORE");
        process.Variables[variable] = value;
        Image image = New(process: process).Register().Serve();
        await Connect(image).SaysAndHearsAsync("hello\n", "1 hello\n");
        await supervisor.HearsAsync("READY=1");
        Assert.That(supervisor.Messages, Has.None.Contains("FDSTORE"));
        Assert.That(image.Rebooter.IsCrashSafe, Is.False);
        InvalidOperationException? refusal = await Assert.ThrowsAsync<InvalidOperationException>(() => image.Rebooter.CheckpointAsync("test"));
        Assert.That(refusal!.Message, Does.Contain("FileDescriptorStoreMax="));
        Assert.That(image.Rebooter.RequestCheckpoint("test"), Is.False);
    }

    [Test]
    public async Task An_orderly_end_takes_everything_back_and_leaves_no_spool()
    {
        FakeSupervisor supervisor = Ends(new FakeSupervisor(Temp["notify"]));
        Image image = New(process: supervisor.Restart([])).Register().Serve();
        await Connect(image).SaysAndHearsAsync("hello\n", "1 hello\n");
        await image.Rebooter.CheckpointAsync("test").Within();
        image.Rebooter.Dispose();
        await supervisor.HearsAsync("STOPPING=1");
        Assert.That(supervisor.Held, Is.Empty);
        Assert.That(SpoolFiles, Is.Empty);
    }

    [Test]
    public async Task A_reboot_says_reloading_with_the_time_and_one_called_off_says_ready_again()
    {
        FakeSupervisor supervisor = Ends(new FakeSupervisor(Temp["notify"]));
        FakeProcess process = supervisor.Restart([]);
        process.OnExecute = _ => throw new InvalidOperationException("as told");
        Image image = New(process: process).Register().Serve();
        await CalledOffAsync(image);
        await supervisor.HearsAsync(m => m.Count(x => x.StartsWith("READY=1", StringComparison.Ordinal)) == 2, "READY twice");
        string reloading = supervisor.Messages.Single(m => m.StartsWith("RELOADING=1\nMONOTONIC_USEC=", StringComparison.Ordinal));
        long said = long.Parse(reloading.Split('=')[2], System.Globalization.CultureInfo.InvariantCulture);
        Assert.That(said, Is.InRange(1, System.Diagnostics.Stopwatch.GetTimestamp() / (System.Diagnostics.Stopwatch.Frequency / 1_000_000)));
    }

    [Test]
    public async Task The_next_image_is_not_passed_what_was_passed_to_this_one()
    {
        FakeSupervisor supervisor = Ends(new FakeSupervisor(Temp["notify"]));
        FakeProcess process = new() { StartedWith = ["LISTEN_PID=1", "LISTEN_FDS=1", "LISTEN_FDNAMES=a", "NOTIFY_SOCKET=" + supervisor.Path, "PATH=/bin"] };
        Image image = New(process: process).Register().Serve();
        await image.RebootAsync();
        FakeProcess.Execution execution = await process.Executed;
        Assert.That(execution.Environment.Select(v => v.Split('=')[0]), Is.EquivalentTo(["NOTIFY_SOCKET", "PATH", "SEAMLESSREBOOT_INHERITANCE"]));
    }

    [Test]
    public async Task The_watchdog_is_fed_until_the_application_has_begun_to_and_stops()
    {
        FakeSupervisor supervisor = Ends(new FakeSupervisor(Temp["notify"]));
        FakeProcess process = supervisor.Restart([]);
        process.Variables["WATCHDOG_USEC"] = "200000";
        Image image = New(process: process).Register().Serve();
        await supervisor.HearsAsync(m => Beats(m) >= 3, "three heartbeats without the application");
        int before = Beats(supervisor.Messages);
        image.Rebooter.Heartbeat();
        await supervisor.HearsAsync(m => Beats(m) > before, "the application's heartbeat");
        // One may have been on its way; after it there are no more, for four periods.
        await Task.Delay(100);
        int last = Beats(supervisor.Messages);
        await Task.Delay(200);
        Assert.That(Beats(supervisor.Messages), Is.EqualTo(last), "The application gives no sign, so it must not pass for alive.");
        image.Rebooter.Heartbeat();
        await supervisor.HearsAsync(m => Beats(m) > last, "a heartbeat after it has woken");
    }

    [Test]
    public void A_watchdog_for_another_process_is_not_fed()
    {
        FakeSupervisor supervisor = Ends(new FakeSupervisor(Temp["notify"]));
        FakeProcess process = supervisor.Restart([]);
        process.Variables["WATCHDOG_USEC"] = "200000";
        process.Variables["WATCHDOG_PID"] = "1";
        SeamlessReboot.Supervision.Supervisor? found = SeamlessReboot.Supervision.Supervisor.Find(process, _ => { });
        Assert.That(found!.Watchdog, Is.Null);
    }

    [TestCase("")]
    [TestCase("relative/path")]
    [TestCase("vsock:2:1234")]
    public void A_notify_socket_that_is_none_is_as_good_as_no_supervisor(string path)
    {
        FakeProcess process = new();
        process.Variables["NOTIFY_SOCKET"] = path;
        Image image = New(process: process).Register().Serve();
        Assert.That(image.Rebooter.IsCrashSafe, Is.False);
        Assert.That(image.Log.Has("NOTIFY_SOCKET"), Is.EqualTo(path.Length > 0));
    }

    private static int Beats(string[] messages) => messages.Count(m => m == "WATCHDOG=1");
}

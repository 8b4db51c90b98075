using System.Net.Sockets;
using SeamlessReboot.Posix;
using SeamlessReboot.Spool;
using SeamlessReboot.Tests.Support;

namespace SeamlessReboot.Tests.Reboots;

/// <summary>Nobody ever gets somebody else's session: what is inherited is only believed when all of it fits.</summary>
internal sealed class DistrustTests : RebooterFixture
{
    private async Task<(Legacy Legacy, Client Client)> WithOneClientAsync()
    {
        Image image = New().Register().Serve();
        Client client = Connect(image);
        await client.SaysAndHearsAsync("x\n", "1 x\n");
        return (await image.RebootAsync(), client);
    }

    private static async Task GetsAFarewellAsync(Client client)
    {
        await client.HearAsync("Farewell.\n");
        await client.HearsTheEndAsync();
    }

    [Test]
    public async Task A_spool_that_is_not_there_costs_the_sessions_and_not_the_server()
    {
        (Legacy legacy, Client client) = await WithOneClientAsync();
        string variable = legacy.Write();
        File.Delete(legacy.File);
        Image next = New(process: new FakeProcess(variable)).Register().Serve();
        await GetsAFarewellAsync(client);
        Assert.That(next.Log.Has("The spool is damaged"));
        await Connect(next).SaysAndHearsAsync("new\n", "1 new\n");
    }

    [Test]
    public async Task A_spool_of_another_reboot_is_not_believed()
    {
        (Legacy legacy, Client client) = await WithOneClientAsync();
        string variable = (legacy with { Note = legacy.Note with { Nonce = new byte[16] } }).Write();
        Assert.That(variable, Is.Not.Empty);
        Image next = New(process: new FakeProcess(legacy.Note.Encode())).Register().Serve();
        await GetsAFarewellAsync(client);
        Assert.That(next.Rebooter.LastReboot!.SessionsKept, Is.Zero);
    }

    [TestCase("generation")]
    [TestCase("pid")]
    [TestCase("start")]
    public async Task A_spool_written_for_somebody_else_is_not_believed(string what)
    {
        (Legacy legacy, Client client) = await WithOneClientAsync();
        SpoolHeader header = what switch
        {
            "generation" => legacy.Header with { Generation = 5 },
            "pid" => legacy.Header with { Pid = 1 },
            _ => legacy.Header with { StartTime = 1 },
        };
        Image next = Next(legacy with { Header = header }).Register().Serve();
        await GetsAFarewellAsync(client);
        Assert.That(next.Log.Has($"It was written for generation {header.Generation} of process {header.Pid}"));
        Assert.That(next.Rebooter.LastReboot!.SessionsKept, Is.Zero);
    }

    [Test]
    public async Task A_damaged_record_costs_one_session_and_the_others_come_back()
    {
        Image image = New().Register().Serve();
        Client[] clients = [Connect(image), Connect(image), Connect(image)];
        foreach (Client client in clients)
            await client.SaysAndHearsAsync("x\n", "1 x\n");
        Legacy legacy = await image.RebootAsync();
        string variable = legacy.Write();
        byte[] file = File.ReadAllBytes(legacy.File);
        byte[] name = [2, 0, 0, 0, (byte)'s', (byte)'2'];
        file[file.AsSpan().IndexOf(name) + 4] ^= 1;
        File.WriteAllBytes(legacy.File, file);
        Image next = New(process: new FakeProcess(variable)).Register().Serve();
        await clients[0].SaysAndHearsAsync("y\n", "2 y\n");
        await GetsAFarewellAsync(clients[1]);
        await clients[2].SaysAndHearsAsync("y\n", "2 y\n");
        Assert.That(next.Log.Has("hold no record that passes its check"));
    }

    [Test]
    public async Task A_listener_whose_record_is_lost_is_found_by_its_address()
    {
        Image image = New();
        System.Net.IPEndPoint address = (System.Net.IPEndPoint)FreeAddress();
        image.Rebooter.Listen(address);
        image.Register().Serve();
        Legacy legacy = await image.RebootAsync();
        string variable = legacy.Write();
        File.WriteAllBytes(legacy.File, File.ReadAllBytes(legacy.File)[..40]);
        Image next = New(process: new FakeProcess(variable));
        Socket listener = next.Rebooter.Listen(address);
        next.Register().Serve();
        using Client client = new(address);
        using Socket accepted = await next.Rebooter.AcceptAsync(listener).AsTask().Within();
        Assert.That(accepted.RemoteEndPoint, Is.EqualTo(client.Socket.LocalEndPoint));
    }

    private static System.Net.EndPoint FreeAddress()
    {
        using Socket socket = new(AddressFamily.InterNetwork, SocketType.Stream, ProtocolType.Tcp);
        socket.Bind(new System.Net.IPEndPoint(System.Net.IPAddress.Loopback, 0));
        return socket.LocalEndPoint!;
    }

    [TestCase("pid")]
    [TestCase("start")]
    public async Task A_note_left_to_another_process_is_ignored(string what)
    {
        (Legacy legacy, Client _) = await WithOneClientAsync();
        string variable = legacy.Write();
        FakeProcess other = what == "pid" ? new(variable) { FakePid = 1 } : new(variable) { FakeStartTime = 1 };
        string elsewhere = Temp["other"];
        Image next = New(Options(spool: elsewhere), other).Register().Serve();
        Assert.That((next.Rebooter.Generation, next.Rebooter.SessionCount), Is.EqualTo((0, 0)));
        Assert.That(next.Log.Has("It is not this process's and is ignored"));
        Fd.Close(legacy.Note.SpoolFd);
        foreach (SpoolRecord record in legacy.Records.Where(r => r.Fd >= 0))
            Fd.Close(record.Fd);
    }

    [Test]
    public async Task A_descriptor_that_is_another_connection_now_is_not_handed_to_the_session()
    {
        (Legacy legacy, Client client) = await WithOneClientAsync();
        using SocketPair stranger = SocketPair.Tcp();
        int swapped = Legacy.Copy((int)stranger.Server.SafeHandle.DangerousGetHandle());
        SpoolRecord session = legacy.Records.Single(r => r.Kind == SpoolRecordKind.Session);
        Fd.Close(session.Fd);
        Image next = Next(legacy with { Records = [.. legacy.Records.Select(r => r == session ? r with { Fd = swapped } : r)] }).Register().Serve();
        Assert.That(next.Rebooter.SessionCount, Is.Zero);
        Assert.That(next.Log.Has($"Descriptor {swapped} is not the one that was recorded as 's1'"));
        Assert.That(next.Rebooter.LastReboot!.SessionsLost.Single().Reason, Is.EqualTo("Its descriptor could not be trusted."));
        Assert.That(stranger.HeardSoFar, Is.Zero, "The stranger hears nothing of it.");
        _ = client;
        Fd.Close(swapped);
    }

    [Test]
    public async Task Two_sessions_whose_descriptors_were_swapped_both_refuse()
    {
        Image image = New().Register().Serve();
        Client a = Connect(image), b = Connect(image);
        await a.SaysAndHearsAsync("x\n", "1 x\n");
        await b.SaysAndHearsAsync("x\n", "1 x\n");
        Legacy legacy = await image.RebootAsync();
        SpoolRecord[] sessions = [.. legacy.Records.Where(r => r.Kind == SpoolRecordKind.Session)];
        Image next = Next(legacy with
        {
            Records = [.. legacy.Records.Except(sessions), sessions[0] with { Fd = sessions[1].Fd }, sessions[1] with { Fd = sessions[0].Fd }],
        }).Register().Serve();
        Assert.That((next.Rebooter.SessionCount, next.Rebooter.LastReboot!.SessionsLost.Count), Is.EqualTo((0, 2)));
        foreach (SpoolRecord record in sessions)
            Fd.Close(record.Fd);
    }

    [TestCase("s1")]
    [TestCase("s2")]
    public async Task A_record_that_is_there_twice_makes_one_session(string name)
    {
        (Legacy legacy, Client client) = await WithOneClientAsync();
        SpoolRecord session = legacy.Records.Single(r => r.Kind == SpoolRecordKind.Session);
        Image next = Next(legacy with { Records = [.. legacy.Records, session with { Name = name }] }).Register().Serve();
        Assert.That(next.Rebooter.SessionCount, Is.EqualTo(1));
        await client.SaysAndHearsAsync("y\n", "2 y\n");
        // A second owner of the descriptor would close it when it is collected, or somebody else's of the same number.
        GC.Collect();
        GC.WaitForPendingFinalizers();
        await client.SaysAndHearsAsync("z\n", "3 z\n");
    }

    [Test]
    public async Task State_of_another_serializer_is_not_loaded_and_the_message_says_what_to_do()
    {
        (Legacy legacy, Client client) = await WithOneClientAsync();
        Legacy other = legacy with { Header = legacy.Header with { Serializer = "msgpack" }, Records = [.. legacy.Records.Where(r => r.Kind != SpoolRecordKind.State)] };
        Image next = Next(other).Register().Serve();
        await GetsAFarewellAsync(client);
        LostSession lost = next.Rebooter.LastReboot!.SessionsLost.Single();
        Assert.That(lost.Reason, Does.Contain("'msgpack', this version has 'json'").And.Contain("restart once without reboot"));
        Assert.That(File.Exists(lost.StateFile));
    }

    [Test]
    public async Task System_state_that_does_not_load_lets_Ready_throw_with_nobody_told_anything()
    {
        (Legacy legacy, Client client) = await WithOneClientAsync();
        Image next = New(process: new FakeProcess(legacy.Write()));
        next.Rebooter.Keep("world", () => 1, (int _) => { });
        Assert.That(next.Rebooter.Ready, Throws.InvalidOperationException.With.Message.Contains("The system state 'world' of the image before could not be restored"));
        Assert.That(client.Socket.Available, Is.Zero);
        Assert.That(File.Exists(legacy.File), "The next attempt finds everything.");
    }

    [Test]
    public async Task A_version_that_forgot_Restore_keeps_the_records()
    {
        (Legacy legacy, Client client) = await WithOneClientAsync();
        Image next = New(process: new FakeProcess(legacy.Write()));
        next.Rebooter.Ready();
        await GetsAFarewellAsync(client);
        LostSession lost = next.Rebooter.LastReboot!.SessionsLost.Single();
        Assert.That(lost.Reason, Does.Contain("has not called Restore"));
        Assert.That(File.Exists(lost.StateFile));
    }

    [Test]
    public void A_cold_start_removes_what_another_process_has_left()
    {
        Directory.CreateDirectory(SpoolDirectory, UnixFileMode.UserRead | UnixFileMode.UserWrite | UnixFileMode.UserExecute);
        File.WriteAllText(Path.Combine(SpoolDirectory, SpoolFormat.RebootName), "stale");
        Image image = New().Register().Serve();
        Assert.That(SpoolFiles, Is.Empty);
        Assert.That(image.Rebooter.Generation, Is.Zero);
    }

    [Test]
    public async Task A_new_spool_directory_that_is_refused_is_no_reason_to_drop_anyone()
    {
        (Legacy legacy, Client client) = await WithOneClientAsync();
        Directory.CreateDirectory(Temp["open"]);
        File.SetUnixFileMode(Temp["open"], (UnixFileMode)0x1FF);
        Image next = Next(legacy, Options(spool: Temp["open"])).Register().Serve();
        Assert.That(next.Log.Has("The new spool directory is refused"));
        await client.SaysAndHearsAsync("y\n", "2 y\n");
        Image third = Next(await next.RebootAsync()).Register().Serve();
        Assert.That(third.Rebooter.Generation, Is.EqualTo(2));
    }

    [Test]
    public async Task A_new_spool_directory_is_taken_from_the_next_reboot_on()
    {
        (Legacy legacy, Client client) = await WithOneClientAsync();
        Image next = Next(legacy, Options(spool: Temp["second"])).Register().Serve();
        await client.SaysAndHearsAsync("y\n", "2 y\n");
        next.Process.OnExecute = _ =>
        {
            Assert.That(File.Exists(Path.Combine(Temp["second"], SpoolFormat.RebootName)));
            throw new SyscallException("execve", 2);
        };
        Assert.That((await CalledOffAsync(next)).Message, Does.Contain("ENOENT"));
        Assert.That(SpoolFiles, Is.Empty);
    }
}

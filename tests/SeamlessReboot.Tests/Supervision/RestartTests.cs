using System.Net.Sockets;
using System.Runtime.InteropServices;
using System.Text;
using Microsoft.Win32.SafeHandles;
using SeamlessReboot.Posix;
using SeamlessReboot.Spool;
using SeamlessReboot.Tests.Support;

namespace SeamlessReboot.Tests.Supervision;

/// <summary>Everyone comes back from what a death leaves.</summary>
[NonParallelizable]
internal sealed class RestartTests : SupervisedFixture
{
    [Test]
    public async Task Everyone_comes_back_as_they_were_at_the_checkpoint()
    {
        Image image = Start();
        Client client = Connect(image);
        await client.SaysAndHearsAsync("a\nb\n", "1 a\n2 b\n");
        image.World = "saved";
        await image.Rebooter.CheckpointAsync("test").Within();
        image.World = "lost";
        await client.SaysAndHearsAsync("c\n", "3 c\n");
        await DieAsync(image);

        Image next = Restart().Register().Serve();
        await client.SaysAndHearsAsync("d\n", "3 d\n");
        RebootReport report = next.Rebooter.LastReboot!;
        Assert.That(next.World, Is.EqualTo("saved"));
        Assert.That(next.Rebooter.Generation, Is.EqualTo(1));
        Assert.That(report.AfterCrash, Is.True);
        Assert.That(report.StateAge, Is.GreaterThan(TimeSpan.Zero).And.LessThan(Limits.Long));
        Assert.That(report.SessionsKept, Is.EqualTo(1));
        Assert.That(report.SessionsLost, Is.Empty);
        Assert.That(report.Reason, Does.Contain("died"));
        Assert.That(report.Stages.Keys, Is.EquivalentTo([RebootStage.Exec, RebootStage.Start, RebootStage.Register, RebootStage.Ready]));
        Assert.That(next.Listener!.LocalEndPoint, Is.EqualTo(image.Listener!.LocalEndPoint), "Port 0 keeps the kernel's choice.");
        await Connect(next).SaysAndHearsAsync("new\n", "1 new\n");
    }

    [Test]
    public async Task Who_came_after_the_checkpoint_comes_back_as_added_over_two_deaths()
    {
        Image image = Start();
        await image.Rebooter.CheckpointAsync("test").Within();
        Client client = Connect(image);
        await client.SaysAndHearsAsync("a\n", "1 a\n");
        await DieAsync(image);
        Image next = Restart().Register().Serve();
        await client.SaysAndHearsAsync("b\n", "1 b\n");
        Client second = Connect(next);
        await second.SaysAndHearsAsync("c\n", "1 c\n");
        await DieAsync(next);
        Image third = Restart().Register().Serve();
        await client.SaysAndHearsAsync("d\n", "1 d\n");
        await second.SaysAndHearsAsync("e\n", "1 e\n");
        Assert.That(third.Rebooter.LastReboot!.SessionsKept, Is.EqualTo(2));
        Assert.That(third.Rebooter.Generation, Is.EqualTo(2), "Each death counts, also without a checkpoint in between.");
    }

    [Test]
    public async Task What_had_been_read_and_not_answered_at_the_checkpoint_is_not_answered_twice()
    {
        Image image = Start();
        Client client = Connect(image);
        await client.SaysAndHearsAsync("a\nhal", "1 a\n");
        await image.Rebooter.CheckpointAsync("test").Within();
        await client.SaysAndHearsAsync("f\n", "2 half\n");
        await DieAsync(image);
        Restart().Register().Serve();
        await client.SaysAndHearsAsync("b\n", "2 b\n");
    }

    [Test]
    public async Task What_had_been_typed_in_half_at_the_checkpoint_is_still_there_if_that_was_the_last_of_it()
    {
        Image image = Start();
        Client client = Connect(image), leaving = Connect(image);
        await client.SaysAndHearsAsync("a\nhal", "1 a\n");
        await leaving.SaysAndHearsAsync("a\nby", "1 a\n");
        await image.Rebooter.CheckpointAsync("test").Within();
        leaving.Socket.Shutdown(SocketShutdown.Send); // the kernel counts that as a byte; it is none
        await DieAsync(image);
        Restart().Register().Serve();
        await client.SaysAndHearsAsync("f\n", "2 half\n");
        await leaving.HearAsync("2 by\n");
        await leaving.HearsTheEndAsync();
    }

    [Test]
    public async Task What_had_been_said_and_not_sent_at_the_checkpoint_is_sent_once()
    {
        Image image = Start();
        using SocketPair pair = SocketPair.Tcp(window: 4096);
        EchoSession session = new(pair.Server);
        image.Rebooter.Add(session);
        string story = string.Concat(Enumerable.Range(0, 60_000).Select(i => $"{i} and "));
        Assert.That(session.Connection.TryWrite(Encoding.ASCII.GetBytes(story)), Is.True);
        CheckpointReport report = await image.Rebooter.CheckpointAsync("test").Within();
        Assert.That(report.SpoolBytes, Is.GreaterThan(story.Length / 2), "The kernel has taken it all; the test shows nothing.");
        byte[] heard = new byte[story.Length];
        int length = await pair.Client.ReceiveAsync(heard.AsMemory(0, 100_000)).Within(); // so more of it is sent after the checkpoint
        await DieAsync(image);
        Restart().Register().Serve();
        while (length < heard.Length && await pair.Client.ReceiveAsync(heard.AsMemory(length)).Within() is int more and > 0)
            length += more;
        Assert.That(Encoding.ASCII.GetString(heard), Is.EqualTo(story));
    }

    [Test]
    public async Task What_a_session_has_saved_itself_is_not_taken_back()
    {
        Image image = Start();
        Client old = Connect(image);
        await old.SaysAndHearsAsync("a\n", "1 a\n");
        await image.Rebooter.CheckpointAsync("test").Within();
        Client young = Connect(image);
        await old.SaysAndHearsAsync("b\nsave\nc\n", "2 b\n3 save\n4 c\n");
        await young.SaysAndHearsAsync("a\nsave\nsave\nb\n", "1 a\n2 save\n3 save\n4 b\n");
        await DieAsync(image);
        Image next = Restart().Register().Serve();
        await old.SaysAndHearsAsync("d\n", "4 d\n");
        await young.SaysAndHearsAsync("c\n", "4 c\n");
        Assert.That(next.Rebooter.LastReboot!.SessionsKept, Is.EqualTo(2));
    }

    [Test]
    public async Task Saving_a_session_that_is_not_here_or_with_nobody_to_hold_it_does_nothing()
    {
        using SocketPair pair = SocketPair.Tcp();
        ScriptedSession session = new(pair.Server);
        SessionSnapshot snapshot = new() { UnreadInput = default, UnsentOutput = default };
        Image image = Start();
        Assert.That(image.Rebooter.Save(session, snapshot), Is.False);
        image.Rebooter.Add(session);
        Assert.That(image.Rebooter.Save(session, snapshot), Is.True);
        Image alone = New(Options(spool: Temp["alone"])).Register().Serve();
        await Connect(alone).SaysAndHearsAsync("save\n", "1 save\n");
    }

    [Test]
    public async Task A_death_between_the_writing_for_a_reboot_and_ready_costs_nothing()
    {
        Image image = Start();
        Client client = Connect(image);
        await client.SaysAndHearsAsync("a\nhal", "1 a\n");
        await image.RebootAsync(); // and the new version dies in its Main
        Image next = Restart().Register().Serve();
        await client.SaysAndHearsAsync("f\n", "2 half\n");
        Assert.That(next.Rebooter.LastReboot!.StateAge, Is.EqualTo(TimeSpan.Zero));
        Assert.That(SpoolFiles, Is.EquivalentTo([SpoolFormat.CheckpointName, SpoolFormat.AddedName]), "What is exact is so only until people run again.");
    }

    [TestCase(false)]
    [TestCase(true)]
    public async Task Even_a_client_that_had_been_accepted_and_not_added_is_served(bool isKilled)
    {
        Image image = New(process: Supervisor.Restart([])).Register();
        image.Rebooter.Ready();
        Client client = Connect(image);
        Socket accepted = await image.Rebooter.AcceptAsync(image.Listener!).Within();
        client.Say("hello\n");
        await Supervisor.HearsAsync("FDSTORE=1\nFDNAME=c");
        if (isKilled)
            await DieAsync(image);
        else
            await image.RebootAsync();
        Image next = Restart().Register().Serve();
        await client.HearAsync("1 hello\n");
        Assert.That(accepted.SafeHandle.IsClosed, Is.False);
        Assert.That(Supervisor.Messages, Has.None.StartsWith("FDSTOREREMOVE=1\nFDNAME=c"), "It is a session now, and held as one.");
        client.Say("quit\n");
        await client.HearsTheEndAsync();
        await Supervisor.HearsAsync("FDSTOREREMOVE=1\nFDNAME=c");
        Assert.That(next.Rebooter.LastReboot!.SessionsLost, Is.Empty);
    }

    [Test]
    public async Task What_is_kept_open_comes_back_by_its_name()
    {
        string file = Temp["journal"];
        Image image = New(process: Supervisor.Restart([])).Register();
        SafeHandle first = image.Rebooter.KeepOpen("journal", () => File.OpenHandle(file, FileMode.CreateNew, FileAccess.ReadWrite, FileShare.ReadWrite));
        SafeHandle other = image.Rebooter.KeepOpen("other", () => File.OpenHandle(Temp["other"], FileMode.CreateNew, FileAccess.ReadWrite, FileShare.ReadWrite));
        image.Serve();
        await image.Rebooter.CheckpointAsync("test").Within();
        await DieAsync(image);
        File.Delete(file); // so it cannot be opened a second time
        Image next = New(process: Supervisor.Restart()).Register();
        using SafeHandle again = next.Rebooter.KeepOpen("journal", () => throw new InvalidOperationException("It was to be inherited."));
        using SafeHandle otherAgain = next.Rebooter.KeepOpen("other", () => throw new InvalidOperationException("It was to be inherited."));
        next.Serve();
        RandomAccess.Write(new SafeFileHandle(again.DangerousGetHandle(), false), "kept"u8, 0);
        byte[] read = new byte[4];
        RandomAccess.Read((SafeFileHandle)first, read, 0);
        Assert.That(Encoding.ASCII.GetString(read), Is.EqualTo("kept"));
        Assert.That(otherAgain.IsInvalid, Is.False);
        other.Dispose();
        first.Dispose();
    }

    [Test]
    public async Task Sessions_on_a_unix_socket_come_back_with_their_state()
    {
        Image image = New(process: Supervisor.Restart([]));
        UnixDomainSocketEndPoint at = new(Temp["door"]);
        Socket listener = Register(image, at);
        using Client client = new(at);
        EchoSession session = new(await image.Rebooter.AcceptAsync(listener).Within());
        image.Rebooter.Add(session);
        await client.SaysAndHearsAsync("a\nhal", "1 a\n");
        await image.Rebooter.CheckpointAsync("test").Within();
        await DieAsync(image);
        Image next = New(process: Supervisor.Restart());
        Socket again = Register(next, at);
        await client.SaysAndHearsAsync("b\n", "2 b\n"); // the kernel does not count what a unix socket has carried: the half line is dropped
        using Client newcomer = new(at);
        next.Rebooter.Add(new EchoSession(await next.Rebooter.AcceptAsync(again).Within()));
        await newcomer.SaysAndHearsAsync("a\n", "1 a\n");

        static Socket Register(Image image, UnixDomainSocketEndPoint at)
        {
            Socket listener = image.Rebooter.Listen(at);
            image.Rebooter.Restore(saved => new EchoSession(saved.OpenConnection(), saved.ReadState<EchoState>()));
            image.Rebooter.Ready();
            return listener;
        }
    }

    [Test]
    public async Task A_session_that_has_ended_since_is_not_missed()
    {
        Image image = Start();
        Client client = Connect(image), other = Connect(image);
        await client.SaysAndHearsAsync("a\n", "1 a\n");
        await other.SaysAndHearsAsync("a\n", "1 a\n");
        await image.Rebooter.CheckpointAsync("test").Within();
        client.Say("quit\n");
        await client.HearsTheEndAsync();
        await Supervisor.HearsAsync("FDSTOREREMOVE=1\nFDNAME=c");
        await DieAsync(image);
        Image next = Restart().Register().Serve();
        await other.SaysAndHearsAsync("b\n", "2 b\n");
        Client third = Connect(next);
        await third.SaysAndHearsAsync("a\n", "1 a\n");
        Assert.That(Encoding.UTF8.GetString(File.ReadAllBytes(Path.Combine(SpoolDirectory, SpoolFormat.AddedName))), Does.Contain("s3"), "No number is given twice.");
        Assert.That(next.Rebooter.LastReboot!.SessionsKept, Is.EqualTo(1));
        Assert.That(next.Rebooter.LastReboot!.SessionsLost, Is.Empty);
    }

    [Test]
    public async Task A_descriptor_that_is_not_the_session_s_is_closed_and_nobody_gets_it()
    {
        Image image = Start();
        Client client = Connect(image), foreigner = Connect(image);
        await client.SaysAndHearsAsync("a\n", "1 a\n");
        await foreigner.SaysAndHearsAsync("a\n", "1 a\n");
        await image.Rebooter.CheckpointAsync("test").Within();
        await DieAsync(image);
        Dictionary<string, int> swapped = new(Supervisor.Held);
        string[] names = [.. swapped.Keys.Where(k => k[0] == 'c')];
        (swapped[names[0]], swapped[names[1]]) = (swapped[names[1]], swapped[names[0]]);
        Image next = New(process: Supervisor.Restart(swapped)).Register().Serve();
        Assert.That(next.Rebooter.SessionCount, Is.Zero);
        Assert.That(next.Rebooter.LastReboot!.SessionsLost.Select(l => l.Id), Is.EquivalentTo([1, 2]));
        await Supervisor.HearsAsync("FDSTOREREMOVE=1\nFDNAME=" + names[0]);
        await Supervisor.HearsAsync("FDSTOREREMOVE=1\nFDNAME=" + names[1]);
    }

    [Test]
    public async Task What_nobody_claims_is_closed_and_given_back()
    {
        Image image = Start();
        await image.Rebooter.CheckpointAsync("test").Within();
        await DieAsync(image);
        using SocketPair stranger = SocketPair.Tcp();
        Dictionary<string, int> more = new(Supervisor.Held) { ["x99"] = (int)stranger.Server.SafeHandle.DangerousGetHandle() };
        FakeProcess process = Supervisor.Restart(more);
        Image next = New(process: process).Register().Serve();
        int passed = process.First + more.Keys.ToList().IndexOf("x99");
        await Supervisor.HearsAsync("FDSTOREREMOVE=1\nFDNAME=x99");
        await Limits.UntilAsync(() => Fd.IsCloseOnExec(passed) is null, "it was closed");
        Assert.That(next.Rebooter.SessionCount, Is.Zero);
    }

    [Test]
    public async Task A_spool_directory_that_has_gone_with_the_process_is_told_with_the_remedy()
    {
        Image image = Start();
        Client client = Connect(image);
        await client.SaysAndHearsAsync("a\n", "1 a\n");
        await image.RebootAsync();
        Directory.Delete(SpoolDirectory, recursive: true);
        Image next = Restart().Register().Serve();
        await client.HearAsync("Farewell.\n");
        Assert.That(next.Log.Has("RuntimeDirectoryPreserve=restart"), Is.True);
        await Connect(next).SaysAndHearsAsync("a\n", "1 a\n");
        Assert.That(next.Rebooter.IsCrashSafe, Is.True);
        await Supervisor.HearsAsync(m => m.Count(x => x.StartsWith("FDSTORE=1\nFDNAME=seamless", StringComparison.Ordinal)) == 2, "the new directory");
    }

    [Test]
    public async Task The_spool_of_another_boot_is_nobody_s()
    {
        Image image = Start();
        Client client = Connect(image);
        await client.SaysAndHearsAsync("a\n", "1 a\n");
        await image.Rebooter.CheckpointAsync("test").Within();
        await DieAsync(image);
        Rewrite(SpoolFormat.CheckpointName, header => header with { BootId = "another" });
        Rewrite(SpoolFormat.AddedName, header => header with { BootId = "another" });
        Image next = Restart().Register().Serve();
        await client.HearAsync("Farewell.\n");
        await client.HearsTheEndAsync();
        Assert.That(next.Log.Has("since this machine was started"), Is.True);
    }

    [Test]
    public async Task A_supervisor_that_passes_sockets_of_its_own_needs_no_past()
    {
        using Socket listening = new(AddressFamily.InterNetwork, SocketType.Stream, ProtocolType.Tcp);
        listening.Bind(new System.Net.IPEndPoint(System.Net.IPAddress.Loopback, 0));
        listening.Listen();
        FakeProcess process = Supervisor.Restart(new() { ["talker.socket"] = (int)listening.SafeHandle.DangerousGetHandle() });
        Image image = New(process: process).Register().Serve();
        Assert.That(image.Listener!.LocalEndPoint, Is.EqualTo(listening.LocalEndPoint));
        Assert.That(image.Rebooter.Generation, Is.Zero);
        await Connect(image).SaysAndHearsAsync("hello\n", "1 hello\n");
        Assert.That(Supervisor.Messages, Has.None.Contains("FDNAME=l"), "It has that one already.");
    }

    [Test]
    public async Task Descriptors_for_another_process_are_left_alone()
    {
        FakeProcess process = Supervisor.Restart(new() { ["x"] = 1 });
        process.Variables["LISTEN_PID"] = "1";
        Start(null);
        Image image = New(Options(spool: Temp["other"]), process).Register().Serve();
        await Supervisor.HearsAsync("READY=1");
        Assert.That(Fd.IsCloseOnExec(process.First), Is.Not.Null);
        Assert.That(image.Rebooter.Generation, Is.Zero);
        Fd.Close(process.First);
    }

    private void Rewrite(string name, Func<SpoolHeader, SpoolHeader> change)
    {
        string file = Path.Combine(SpoolDirectory, name);
        SpoolReader old = SpoolReader.Read(File.ReadAllBytes(file), null, hasEnd: false);
        File.Delete(file);
        using SpoolWriter writer = new(File.OpenHandle(file, FileMode.CreateNew, FileAccess.Write), SpoolFormat.NewNonce());
        writer.Write(change(SpoolHeader.From(old.Header!)!).ToRecord());
        foreach (SpoolRecord record in old.Records)
            writer.Write(record);
        writer.Finish();
    }
}

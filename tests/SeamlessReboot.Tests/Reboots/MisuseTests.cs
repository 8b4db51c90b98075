using System.Net;
using System.Net.Sockets;
using System.Runtime.InteropServices;
using SeamlessReboot.Posix;
using SeamlessReboot.Tests.Support;

namespace SeamlessReboot.Tests.Reboots;

/// <summary>Misuse throws at the call, and says what to do instead.</summary>
internal sealed class MisuseTests : RebooterFixture
{
    private static readonly IPEndPoint _loopback = new(IPAddress.Loopback, 0);

    [Test]
    public void What_has_to_come_before_Ready_is_refused_after_it()
    {
        Rebooter rebooter = New().Register().Serve().Rebooter;
        foreach (Action late in new Action[]
        {
            () => rebooter.Keep("x", () => 1, _ => { }), () => rebooter.Keep("x", () => 1, _ => { }, () => 1), () => rebooter.Restore(_ => null!),
            () => rebooter.KeepOpen("x", () => null!), () => rebooter.OnSuspending(_ => default), rebooter.Ready, () => rebooter.ReadyAsync().GetAwaiter().GetResult(),
        })
            Assert.That(late, Throws.InvalidOperationException.With.Message.Contains("was called after Ready. Call Keep, KeepOpen, Restore and OnSuspending before Ready"));
    }

    [Test]
    public void What_has_to_come_after_Ready_is_refused_before_it()
    {
        Image image = New().Register();
        using SocketPair pair = SocketPair.Tcp();
        Assert.That(() => image.Rebooter.Add(new ScriptedSession(pair.Server)), Throws.InvalidOperationException.With.Message.Contains("add new ones after Ready"));
        Assert.That(async () => await image.Rebooter.AcceptAsync(image.Listener!), Throws.InvalidOperationException.With.Message.Contains("Call Ready first"));
        Assert.That(async () => await image.Rebooter.RebootAsync("x"), Throws.TypeOf<RebootException>().With.Message.EqualTo("Ready has not been called yet."));
    }

    [Test]
    public void A_listener_that_would_not_survive_a_reboot_is_refused()
    {
        Rebooter rebooter = New().Register().Serve().Rebooter;
        using Socket foreign = new(AddressFamily.InterNetwork, SocketType.Stream, ProtocolType.Tcp);
        Assert.That(async () => await rebooter.AcceptAsync(foreign), Throws.ArgumentException.With.Message.Contains("Use Listen."));
    }

    [Test]
    public void Names_are_given_once()
    {
        Rebooter rebooter = New().Register().Rebooter;
        Assert.That(() => rebooter.Keep("world", () => 1, _ => { }), Throws.ArgumentException.With.Message.Contains("Give each piece a name of its own"));
        Assert.That(() => rebooter.Restore(_ => null!), Throws.InvalidOperationException.With.Message.Contains("Use one callback"));
        rebooter.KeepOpen("file", () => File.OpenHandle("/dev/null"));
        Assert.That(() => rebooter.KeepOpen("file", () => File.OpenHandle("/dev/null")), Throws.ArgumentException.With.Message.Contains("Give each a name of its own"));
    }

    [Test]
    public void A_session_is_added_once_and_removed_once()
    {
        Rebooter rebooter = New().Register().Serve().Rebooter;
        using SocketPair pair = SocketPair.Tcp();
        ScriptedSession session = new(pair.Server);
        rebooter.Add(session);
        Assert.That(() => rebooter.Add(session), Throws.ArgumentException);
        Assert.That((rebooter.Remove(session), rebooter.Remove(session)), Is.EqualTo((true, false)));
        pair.Server.Dispose();
        Assert.That(() => rebooter.Add(new ScriptedSession(pair.Server)), Throws.InstanceOf<ObjectDisposedException>());
    }

    [Test]
    public void Options_out_of_range_are_refused_by_Start()
    {
        FakeProcess process = new();
        foreach (RebooterOptions options in new RebooterOptions[]
        {
            new() { SuspendTimeout = TimeSpan.Zero }, new() { FlushTimeout = TimeSpan.FromDays(30) }, new() { ReadyTimeout = TimeSpan.FromTicks(-1) },
            new() { CrashWindow = TimeSpan.Zero }, new() { SpoolDirectory = "" }, new() { Command = [] }, new() { SessionFailure = (SessionFailurePolicy)7 },
            new() { Farewell = null! }, new() { TimeProvider = null! }, new() { RebootSignals = null! },
        })
            Assert.That(() => Rebooter.StartOn(process, options), Throws.InstanceOf<ArgumentException>());
        Assert.That(() => Rebooter.Start(null!), Throws.ArgumentNullException);
    }

    [Test]
    public void A_process_has_one_rebooter_at_a_time()
    {
        using (Rebooter first = Rebooter.Start(Options()))
        {
            Assert.That(first.Generation, Is.Zero);
            Assert.That(() => Rebooter.Start(Options()), Throws.InvalidOperationException.With.Message.Contains("Rebooter.Start was called twice"));
        }

        Rebooter.Start(Options()).Dispose();
    }

    [Test]
    public void A_start_that_was_refused_can_be_tried_again()
    {
        Directory.CreateDirectory(SpoolDirectory);
        File.SetUnixFileMode(SpoolDirectory, (UnixFileMode)0x1FF);
        Assert.That(() => Rebooter.Start(Options()), Throws.TypeOf<IOException>().With.Message.Contains("chmod 0700"));
        File.SetUnixFileMode(SpoolDirectory, (UnixFileMode)0x1C0);
        Rebooter.Start(Options()).Dispose();
    }

    [Test]
    public void A_rebooter_that_is_disposed_refuses_to_reboot()
    {
        Image image = New().Register().Serve();
        image.Rebooter.Dispose();
        image.Rebooter.Dispose();
        Assert.That(image.Rebooter.RequestReboot("x"), Is.False);
        Assert.That(async () => await image.Rebooter.RebootAsync("x"), Throws.TypeOf<RebootException>().With.Message.EqualTo("The rebooter has been disposed."));
        Assert.That(image.Rebooter.RebootAfter(new IOException()), Is.False);
    }

    [Test]
    public void Nothing_is_no_argument()
    {
        Image image = New().Register();
        Rebooter rebooter = image.Rebooter;
        Assert.That(() => rebooter.Listen(null!), Throws.ArgumentNullException);
        Assert.That(() => rebooter.Listen(_loopback, 0), Throws.InstanceOf<ArgumentOutOfRangeException>());
        Assert.That(() => rebooter.Listen(new DnsEndPoint("localhost", 1)), Throws.ArgumentException.With.Message.Contains("neither an IPEndPoint nor a UnixDomainSocketEndPoint"));
        Assert.That(() => rebooter.Keep<int>("", () => 1, _ => { }), Throws.ArgumentException);
        Assert.That(() => rebooter.Keep<int>("x", null!, _ => { }), Throws.ArgumentNullException);
        Assert.That(() => rebooter.Keep("x", () => 1, null!), Throws.ArgumentNullException);
        Assert.That(() => rebooter.Restore(null!), Throws.ArgumentNullException);
        Assert.That(() => rebooter.KeepOpen("x", null!), Throws.ArgumentNullException);
        Assert.That(() => rebooter.Keep("x", () => 1, _ => { }, (Func<int>)null!), Throws.ArgumentNullException);
        Assert.That(() => rebooter.Keep("x", () => 1, _ => { }, (Func<CancellationToken, Task<int>>)null!), Throws.ArgumentNullException);
        Assert.That(() => rebooter.Restore(_ => null!, (Action<IReadOnlyList<LostSession>>)null!), Throws.ArgumentNullException);
        Assert.That(() => rebooter.OnSuspending(null!), Throws.ArgumentNullException);
        Assert.That(() => rebooter.Unlisten(null!), Throws.ArgumentNullException);
        Assert.That(async () => await rebooter.AcceptAsync(null!, carry: false), Throws.ArgumentNullException);
        Assert.That(async () => await rebooter.AcceptAsync(image.Listener!, carry: true, "bye"u8.ToArray()), Throws.ArgumentException);
        Assert.That(async () => await rebooter.AddAsync(null!), Throws.ArgumentNullException);
        Assert.That(() => rebooter.Add(null!), Throws.ArgumentNullException);
        Assert.That(() => rebooter.Remove(null!), Throws.ArgumentNullException);
        Assert.That(() => rebooter.RequestReboot(null!), Throws.ArgumentNullException);
        Assert.That(async () => await rebooter.RebootAsync(null!), Throws.ArgumentNullException);
        Assert.That(() => rebooter.RebootAfter(null!), Throws.ArgumentNullException);
        Assert.That(() => rebooter.AddSafePoint(""), Throws.ArgumentException);
        Assert.That(() => rebooter.AddSafePoint("x", null!), Throws.ArgumentNullException);
        Assert.That(async () => await rebooter.AcceptAsync(null!), Throws.ArgumentNullException);
    }

    [Test]
    public void A_real_exec_of_nothing_fails_with_its_name()
    {
        SyscallException e = Assert.Throws<SyscallException>(() => ProcessImage.Execute(Temp["nothing"], [[(byte)'x']], []))!;
        Assert.That((e.Errno, e.Message.Contains("ENOENT", StringComparison.Ordinal)), Is.EqualTo((2, true)));
        e = Assert.Throws<SyscallException>(() => ProcessImage.Execute(Temp.Path, [[(byte)'x']], []))!;
        Assert.That(e.Message, Does.Contain("EACCES").And.Contain(Temp.Path));
    }

    [Test]
    public void A_signal_that_asks_for_a_reboot_has_its_bit()
    {
        Assert.That(Signals.Bit(PosixSignal.SIGHUP), Is.EqualTo(1));
        Assert.That(Signals.Bit(PosixSignal.SIGTERM), Is.EqualTo(1UL << 14));
        Assert.That(Signals.Number((PosixSignal)10), Is.EqualTo(10));
    }
}

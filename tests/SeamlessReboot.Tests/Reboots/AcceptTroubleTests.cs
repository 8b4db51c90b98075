using System.Net.Sockets;
using SeamlessReboot.Posix;
using SeamlessReboot.Tests.Support;

namespace SeamlessReboot.Tests.Reboots;

/// <summary>What accept refuses for a while. With the kernel itself: DescriptorLimitTests.</summary>
internal sealed class AcceptTroubleTests
{
    private static readonly SocketException _noRoom = new((int)SocketError.TooManyOpenSockets);
    private LogLines _log = null!;
    private SpareDescriptors _spare = null!;
    private AcceptTrouble _trouble = null!;

    [SetUp]
    public void Make()
    {
        _log = new LogLines();
        _spare = new SpareDescriptors();
        RebooterOptions options = new() { LoggerFactory = _log };
        _trouble = new AcceptTrouble(new ServerContext(options, _log, new JsonStateSerializer(), new FakeProcess()), _spare);
    }

    [TearDown]
    public void End()
    {
        _spare.Dispose();
        _log.Dispose();
    }

    [TestCase(SocketError.TooManyOpenSockets, true)]
    [TestCase(SocketError.NoBufferSpaceAvailable, true)]
    [TestCase(SocketError.ConnectionAborted, true)]
    [TestCase(SocketError.AccessDenied, true)]
    [TestCase(SocketError.NetworkDown, true)]
    [TestCase(SocketError.HostUnreachable, true)]
    [TestCase(SocketError.OperationNotSupported, true)]
    [TestCase(SocketError.SocketError, true)] // EPROTO, ENOMEM: .NET has no name for them
    [TestCase(SocketError.OperationAborted, false)] // EBADF
    [TestCase(SocketError.NotSocket, false)]
    [TestCase(SocketError.InvalidArgument, false)]
    public void Only_a_listener_that_is_closed_or_broken_ends_the_loop(SocketError error, bool passes) =>
        Assert.That(AcceptTrouble.WillPass(new SocketException((int)error)), Is.EqualTo(passes));

    [Test]
    public async Task It_is_said_once_and_so_is_its_end()
    {
        for (int i = 0; i < 5; i++)
            await _trouble.WaitAsync("tcp:x", _noRoom, default).Within();
        _trouble.LetIn("tcp:x", 10);
        _trouble.LetIn("tcp:x", 10);
        Assert.That(_log.Lines.Count(l => l.StartsWith("Warning: No client can be let in on tcp:x for now: ", StringComparison.Ordinal)), Is.EqualTo(1));
        Assert.That(_log.Lines.Count(l => l.Contains("let in on tcp:x again", StringComparison.Ordinal)), Is.EqualTo(1));
    }

    [Test]
    public async Task A_client_that_has_gone_holds_up_nobody_and_is_no_warning()
    {
        for (int i = 0; i < 10; i++)
            Assert.That(_trouble.WaitAsync("tcp:x", new SocketException((int)SocketError.ConnectionAborted), default).IsCompletedSuccessfully);
        Assert.That(_log.Lines, Has.None.StartsWith("Warning"));
        for (int i = 0; i < 10; i++)
            await _trouble.WaitAsync("tcp:x", new SocketException((int)SocketError.ConnectionAborted), default).Within();
        Assert.That(_log.Lines.Count(l => l.StartsWith("Warning", StringComparison.Ordinal)), Is.EqualTo(1), "But so many in a row are another thing.");
    }

    [Test]
    public async Task It_tries_again_at_once_when_somebody_leaves()
    {
        for (int i = 0; i < 8; i++) // the next wait would be a second
            await _trouble.WaitAsync("tcp:x", _noRoom, default).Within();
        Task waiting = _trouble.WaitAsync("tcp:x", _noRoom, default);
        _trouble.TryAgain();
        await waiting.WaitAsync(TimeSpan.FromMilliseconds(900));
    }

    [Test]
    public async Task The_wait_can_be_cancelled()
    {
        using CancellationTokenSource cancel = new();
        for (int i = 0; i < 8; i++)
            await _trouble.WaitAsync("tcp:x", _noRoom, cancel.Token).Within();
        Task waiting = _trouble.WaitAsync("tcp:x", _noRoom, cancel.Token);
        await cancel.CancelAsync();
        Assert.That(async () => await waiting.Within(), Throws.InstanceOf<OperationCanceledException>());
    }

    [Test]
    public async Task What_a_reboot_has_been_left_is_not_for_clients()
    {
        _spare.Take();
        int held = _spare.Held;
        _spare.GiveUp();
        Task waiting = _trouble.WaitAsync("tcp:x", _noRoom, default);
        _trouble.TryAgain();
        Assert.That(await waiting.StaysPendingAsync());
        Assert.That(_spare.Held, Is.Zero);
        _spare.Take();
        await waiting.Within();
        Assert.That((held, _spare.Held), Is.EqualTo((16, 16)));
    }

    [Test]
    public void The_last_descriptors_are_left_to_the_process()
    {
        Assert.That(_trouble.IsFull(), Is.False);
        _trouble.LetIn("tcp:x", (int)Math.Min(int.MaxValue, Fd.Limit()) - 1);
        Assert.That(_trouble.IsFull(), Is.False, "Those below it are free again.");
    }
}

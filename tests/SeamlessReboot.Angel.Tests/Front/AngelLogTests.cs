using System.Net.Sockets;
using System.Text;
using Microsoft.Extensions.Logging;
using SeamlessReboot.Angel.Daemon;
using SeamlessReboot.Angel.Posix;

namespace SeamlessReboot.Angel.Tests.Front;

[FixtureLifeCycle(LifeCycle.InstancePerTestCase)]
internal sealed class AngelLogTests : IDisposable
{
    private readonly TempDirectory _directory = new();
    private readonly List<string> _stderr = [];

    private string FilePath => _directory["a.log"];

    public void Dispose() => _directory.Dispose();

    [Test]
    public void Each_line_has_a_time_and_says_who_speaks()
    {
        using (AngelLog log = Open(FilePath))
            log.Write("one\ntwo\r\n\nthree \u001b[2J");
        string[] lines = File.ReadAllLines(FilePath);
        Assert.That(lines, Has.Length.EqualTo(3));
        Assert.That(lines[0], Does.Match(@"^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z seamless-angel talker\[\d+\]: one$"));
        Assert.That(lines[2], Does.EndWith("three ?[2J"));
    }

    [Test]
    public void Without_a_file_it_speaks_on_stderr()
    {
        using AngelLog log = Open(null);
        log.Write("one");
        Assert.That(_stderr, Has.Count.EqualTo(1));
        Assert.That(_stderr[0], Does.EndWith(": one"));
    }

    [Test]
    public void It_goes_on_in_the_file_that_was_there()
    {
        File.WriteAllText(FilePath, "before\n");
        using (AngelLog log = Open(FilePath))
            log.Write("after");
        Assert.That(File.ReadAllLines(FilePath), Has.Length.EqualTo(2));
    }

    [Test]
    public void When_the_file_was_moved_away_a_new_one_is_begun()
    {
        using AngelLog log = Open(FilePath);
        log.Write("one");
        File.Move(FilePath, _directory["a.log.1"]);
        log.Write("two");
        File.Delete(FilePath);
        log.Write("three");
        Assert.That(File.ReadAllText(_directory["a.log.1"]), Does.Contain("one").And.Not.Contain("two"));
        Assert.That(File.ReadAllText(FilePath), Does.Contain("three").And.Not.Contain("two"));
        Assert.That(_stderr, Is.Empty);
    }

    [Test]
    public void A_file_that_cannot_be_written_is_told_once_and_the_lines_go_on()
    {
        using AngelLog log = Open(_directory["none/a.log"]);
        log.Write("one");
        log.Write("two");
        Assert.That(_stderr, Has.Count.EqualTo(3));
        Assert.That(_stderr[0], Does.Contain("cannot be written").And.Contain("ENOENT"));
        Directory.CreateDirectory(_directory["none"]);
        log.Write("three");
        Assert.That(_stderr, Has.Count.EqualTo(3));
        Assert.That(File.ReadAllText(_directory["none/a.log"]), Does.Contain("three"));
    }

    [Test]
    public void A_device_is_no_log_and_the_lines_go_on()
    {
        using AngelLog log = Open("/dev/full");
        log.Write("one");
        Assert.That(_stderr, Has.Count.EqualTo(2));
        Assert.That(_stderr[0], Does.Contain("is a device, not a plain file"));
    }

    [Test]
    public void A_full_disk_is_told()
    {
        using FileStream full = new("/dev/full", FileMode.Open, FileAccess.Write, FileShare.ReadWrite, bufferSize: 0);
        Assert.That(OpenFile.Write((int)full.SafeFileHandle.DangerousGetHandle(), "one"u8), Is.EqualTo((int)Mono.Unix.Native.Errno.ENOSPC));
    }

    [Test]
    public void The_systems_log_gets_the_lines_too()
    {
        using Socket syslogd = Listen();
        using AngelLog log = Open(FilePath, new Syslog("seamless-angel", _directory["log"]));
        log.Write(LogLevel.Error, "too bad");
        Assert.That(Receive(syslogd), Does.Match(@"^<27>[A-Z][a-z]{2} [ \d]\d \d\d:\d\d:\d\d seamless-angel\[\d+\]: too bad$"));
    }

    [Test]
    public void A_systems_log_that_was_restarted_is_found_again()
    {
        using Syslog syslog = new("seamless-angel", _directory["log"]);
        using (Listen())
            syslog.Write(LogLevel.Information, DateTimeOffset.UnixEpoch, "one");
        File.Delete(_directory["log"]);
        using Socket second = Listen();
        syslog.Write(LogLevel.Information, DateTimeOffset.UnixEpoch, "two");
        Assert.That(syslog.Works, Is.True);
        Assert.That(Receive(second), Does.EndWith("two"));
    }

    [Test]
    public void Where_there_is_no_systems_log_nothing_fails()
    {
        using Syslog syslog = new("seamless-angel", _directory["log"]);
        syslog.Write(LogLevel.Information, DateTimeOffset.UnixEpoch, "one");
        Assert.That(syslog.Works, Is.False);
    }

    [Test]
    public void A_systems_log_that_reads_nothing_holds_nobody_up()
    {
        using Socket syslogd = Listen();
        using Syslog syslog = new("seamless-angel", _directory["log"]);
        for (int i = 0; i < 5_000 && syslog.Works; i++)
            syslog.Write(LogLevel.Information, DateTimeOffset.UnixEpoch, new string('x', 10_000));
        Assert.That(syslog.Works, Is.False);
    }

    private AngelLog Open(string? path, Syslog? syslog = null) => new("talker", path, isOutput: false, syslog, stderr: _stderr.Add);

    private Socket Listen()
    {
        Socket socket = new(AddressFamily.Unix, SocketType.Dgram, ProtocolType.Unspecified) { ReceiveTimeout = 10_000 };
        socket.Bind(new UnixDomainSocketEndPoint(_directory["log"]));
        return socket;
    }

    private static string Receive(Socket socket)
    {
        byte[] buffer = new byte[8192];
        return Encoding.UTF8.GetString(buffer, 0, socket.Receive(buffer));
    }
}

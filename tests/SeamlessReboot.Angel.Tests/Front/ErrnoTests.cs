using System.Diagnostics;
using System.Globalization;
using System.Net;
using System.Net.Sockets;
using SeamlessReboot.Angel.Posix;
using SeamlessReboot.Posix;

namespace SeamlessReboot.Angel.Tests.Front;

/// <summary>
/// What the kernel refuses, in its own words and with the remedy: by the real program from a cold start, where to format a message for the
/// first time makes system calls of its own.
/// </summary>
[FixtureLifeCycle(LifeCycle.InstancePerTestCase)]
[Parallelizable(ParallelScope.All)]
internal sealed class ErrnoTests : IDisposable
{
    /// <summary>In a network and with mounts of its own: localhost has both addresses, of which the loopback interface has one.</summary>
    private static readonly string[] _withoutIpv6 =
    [
        "unshare", "-n", "-m", "sh", "-c",
        "ip link set lo up && ip -6 addr del ::1/128 dev lo && printf '127.0.0.1 localhost\\n::1 localhost\\n' > hosts && mount --bind hosts /etc/hosts && exec \"$@\"", "sh",
    ];

    private readonly TempDirectory _directory = new();

    public void Dispose() => _directory.Dispose();

    [Test]
    public async Task A_port_that_is_taken_is_named_with_its_remedy()
    {
        using Socket taken = new(AddressFamily.InterNetwork, SocketType.Stream, ProtocolType.Tcp);
        taken.Bind(new IPEndPoint(IPAddress.Loopback, 0));
        taken.Listen();
        int port = ((IPEndPoint)taken.LocalEndPoint!).Port;
        CommandResult refused = await RunAsync(string.Create(CultureInfo.InvariantCulture, $"tcp://127.0.0.1:{port}"));
        Assert.That(refused.ExitCode, Is.EqualTo(ExitCodes.SystemTrouble), refused.Errors);
        Assert.That(refused.Errors, Does.Contain("EADDRINUSE").And.Contain("Another process listens on port").And.Not.Contain("Unknown error"));
    }

    [Test]
    public async Task An_address_of_another_machine_is_named_with_its_remedy([Values("tcp://192.0.2.1:0", "tcp://[2001:db8::1]:0")] string address)
    {
        CommandResult refused = await RunAsync(address);
        Assert.That(refused.ExitCode, Is.EqualTo(ExitCodes.SystemTrouble), refused.Errors);
        Assert.That(refused.Errors, address.Contains('[') && !Socket.OSSupportsIPv6
            ? Does.Contain("EAFNOSUPPORT") : Does.Contain("EADDRNOTAVAIL").And.Contain("No interface of this machine has that address"));
    }

    [Test]
    public async Task Where_the_loopback_address_of_IPv6_is_missing_localhost_is_that_of_IPv4()
    {
        using Process attempt = Process.Start(new ProcessStartInfo(_withoutIpv6[0], [.. _withoutIpv6[1..], "true"])
        {
            WorkingDirectory = _directory.Path,
            RedirectStandardError = true,
        })!;
        await attempt.WaitForExitAsync().WaitAsync(AngelCommand.Limit);
        if (attempt.ExitCode != 0)
            Assert.Ignore("This needs root, for a network and mounts of its own (unshare, ip, mount).");
        await using AngelCommand command = AngelCommand.StartUnder(_directory, _withoutIpv6,
            "run", "--runtime-dir", _directory["rt"], "--restart", "never", "--listen", "tcp://localhost:4000", "--", "sh", "-c", "echo \"fds: $LISTEN_FDS\"; exit 42");
        CommandResult ended = await command.EndAsync();
        Assert.That(ended.ExitCode, Is.EqualTo(42), ended.Errors);
        Assert.That(ended.Output, Does.Contain("fds: 1"));
    }

    [Test]
    public void The_errno_is_read_before_the_words_are_put_together()
    {
        Fd.Close(-1); // EBADF
        SyscallException failure = SyscallException.Last($"call on {new Disturbing()}");
        Assert.That((failure.Errno, failure.Message), Is.EqualTo((9, "call on another failure failed: Bad file descriptor (EBADF)")));
    }

    private Task<CommandResult> RunAsync(string listen) =>
        AngelCommand.RunAsync(_directory, "run", "--runtime-dir", _directory["rt"], "--listen", listen, "--", "sleep", "600");

    private sealed class Disturbing
    {
        public override string ToString()
        {
            Processes.Send(int.MaxValue, 0); // ESRCH
            return "another failure";
        }
    }
}

using System.Net.Sockets;
using Microsoft.Win32.SafeHandles;
using SeamlessReboot.Descriptors;
using SeamlessReboot.Tests.Support;

namespace SeamlessReboot.Tests.Descriptors;

[Parallelizable(ParallelScope.All)]
internal sealed class FdIdentityTests
{
    private static FdIdentity Again(FdIdentity identity) => FdIdentity.Decode(identity.Encode())!;

    private static SocketPair New(string kind) => kind switch
    {
        "unix" => SocketPair.Unix(),
        "v6" => SocketPair.Tcp(family: AddressFamily.InterNetworkV6),
        _ => SocketPair.Tcp(),
    };

    [TestCase("v4")]
    [TestCase("v6")]
    [TestCase("unix")]
    public void A_connection_is_itself_also_through_a_duplicate(string kind)
    {
        if (kind == "v6" && !Socket.OSSupportsIPv6)
            Assert.Ignore("There is no IPv6 here.");
        using SocketPair pair = New(kind);
        FdIdentity recorded = FdIdentity.Of(pair.Server.SafeHandle);
        using SafeFileHandle copy = new(SeamlessReboot.Posix.Fd.Duplicate(pair.Server.SafeHandle), true);
        Assert.That(Again(recorded).Matches(FdIdentity.Of(copy)));
    }

    [TestCase("v4")]
    [TestCase("unix")]
    public void Another_connection_is_another(string kind)
    {
        using SocketPair pair = New(kind), other = New(kind);
        FdIdentity recorded = FdIdentity.Of(pair.Server.SafeHandle);
        Assert.That(recorded.Matches(FdIdentity.Of(other.Server.SafeHandle)), Is.False);
        Assert.That(recorded.Matches(FdIdentity.Of(pair.Client.SafeHandle)), Is.False, "Nor is the other end.");
    }

    [TestCase(true)]
    [TestCase(false)]
    public async Task A_client_that_has_gone_since_is_no_mismatch(bool byReset)
    {
        using SocketPair pair = SocketPair.Tcp();
        FdIdentity recorded = FdIdentity.Of(pair.Server.SafeHandle);
        if (byReset)
            pair.Reset();
        else
            pair.Client.Dispose();
        await using SessionConnection connection = new(pair.Server);
        Assert.That(await connection.ReadLineAsync().Within(), Is.Null);
        Assert.That(Again(recorded).Matches(FdIdentity.Of(pair.Server.SafeHandle)));
    }

    [Test]
    public void A_number_that_was_used_again_is_found_out()
    {
        using SocketPair first = SocketPair.Tcp(), second = SocketPair.Tcp();
        int fd = SeamlessReboot.Posix.Fd.Duplicate(first.Server.SafeHandle);
        FdIdentity recorded = FdIdentity.Of(fd)!;
        Assert.That(Mono.Unix.Native.Syscall.dup2((int)second.Server.SafeHandle.DangerousGetHandle(), fd), Is.EqualTo(fd));
        Assert.That(recorded.Matches(FdIdentity.Of(fd)!), Is.False);
        using SafeFileHandle file = File.OpenHandle("/dev/null");
        Assert.That(Mono.Unix.Native.Syscall.dup2((int)file.DangerousGetHandle(), fd), Is.EqualTo(fd));
        Assert.That(recorded.Matches(FdIdentity.Of(fd)!), Is.False);
        SeamlessReboot.Posix.Fd.Close(fd);
    }

    [Test]
    public void A_file_is_known_by_device_and_inode()
    {
        using TempDirectory temp = new();
        using SafeFileHandle a = File.OpenHandle(temp["a"], FileMode.CreateNew, FileAccess.Write);
        using SafeFileHandle b = File.OpenHandle(temp["b"], FileMode.CreateNew, FileAccess.Write);
        FdIdentity recorded = Again(FdIdentity.Of(a));
        Assert.That((recorded.Matches(FdIdentity.Of(a)), recorded.Matches(FdIdentity.Of(b))), Is.EqualTo((true, false)));
    }

    [Test]
    public void What_is_not_open_has_no_identity() => Assert.That(FdIdentity.Of(1_000_000), Is.Null);

    [Test]
    public void Bytes_that_are_no_identity_are_none()
    {
        using SocketPair pair = SocketPair.Tcp();
        byte[] bytes = FdIdentity.Of(pair.Server.SafeHandle).Encode();
        for (int length = 0; length < bytes.Length; length++)
            Assert.That(FdIdentity.Decode(bytes.AsSpan(0, length)), Is.Null);
    }
}

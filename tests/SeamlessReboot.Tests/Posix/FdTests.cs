using SeamlessReboot.Posix;
using SeamlessReboot.Tests.Support;

namespace SeamlessReboot.Tests.Posix;

[NonParallelizable]
internal sealed class FdTests
{
    [Test]
    public void The_flag_of_what_is_not_open_is_unknown()
    {
        Assert.That(Fd.IsCloseOnExec(1_000_000), Is.Null);
        Assert.That(Fd.TrySetCloseOnExec(1_000_000, true), Is.False);
        Assert.That(Fd.Describe(1_000_000), Is.EqualTo("unknown"));
    }

    [Test]
    public void A_duplicate_is_open_listed_described_and_closed_on_exec()
    {
        using SocketPair pair = SocketPair.Tcp();
        int fd = Fd.Duplicate(pair.Client.SafeHandle);
        Assert.That(Fd.IsCloseOnExec(fd), Is.True);
        Assert.That(Fd.ListOpen(), Does.Contain(fd));
        Assert.That(Fd.Describe(fd), Does.StartWith("socket:["));
        Fd.Close(fd);
        Assert.That(Fd.IsCloseOnExec(fd), Is.Null);
    }

    [Test]
    public void The_kernel_says_what_a_socket_is()
    {
        using SocketPair tcp = SocketPair.Tcp(), unix = SocketPair.Unix();
        using FdLease a = new(tcp.Server.SafeHandle), b = new(unix.Server.SafeHandle);
        Assert.That((SocketKernel.Kind(a.Fd), SocketKernel.Kind(b.Fd), SocketKernel.Kind(1_000_000)), Is.EqualTo(((2, 1), (1, 1), ((int, int)?)null)));
        Assert.That(SocketKernel.Cookie(a.Fd), Is.Not.Zero.And.Not.EqualTo(SocketKernel.Cookie(b.Fd)));
        Assert.That(SocketKernel.IsListening(a.Fd), Is.False);
    }

    [Test]
    public void A_signal_mask_is_set_and_the_old_one_returned()
    {
        ulong before = Signals.SetThreadMask(1 << 9);
        Assert.That(Signals.SetThreadMask(before), Is.EqualTo(1UL << 9));
    }

    [Test]
    public void A_program_is_found_as_the_shell_found_it()
    {
        using TempDirectory temp = new();
        Directory.CreateDirectory(temp["bin"]);
        File.WriteAllText(temp["bin/server"], "");
        Assert.That(() => ProcessImage.Resolve("server", "/usr/bin:bin", temp.Path), Throws.TypeOf<FileNotFoundException>(), "Not executable.");
        File.SetUnixFileMode(temp["bin/server"], (UnixFileMode)0x1C0);
        Assert.That(ProcessImage.Resolve("server", "/usr/bin:bin", temp.Path), Is.EqualTo(temp["bin/server"]), "PATH may be relative.");
        Assert.That(ProcessImage.Resolve("./server", "/usr/bin", temp.Path), Is.EqualTo("./server"), "With a slash it is a path.");
        Assert.That(ProcessImage.Resolve("sh", null, "/"), Does.EndWith("bin/sh"), "Without PATH there is a default.");
    }

    [Test]
    public void The_start_is_read_byte_for_byte()
    {
        Assert.That(ProcessStart.CommandLine(), Is.Not.Empty);
        Assert.That(ProcessStart.Environment(), Has.All.Not.Empty);
        Assert.That(ProcessStart.StartTime(), Is.Positive);
        Assert.That(Guid.TryParse(ProcessStart.BootId(), out _));
        Assert.That(Directory.Exists(ProcessStart.Read().Directory));
    }

    [Test]
    public async Task A_wait_for_room_that_was_cancelled_is_not_called()
    {
        using SocketPair full = SocketPair.Tcp(window: 4096), free = SocketPair.Tcp();
        while (SocketBytes.Send(full.Server, new byte[10_000]) > 0)
        {
            // Fill the window.
        }

        bool called = false;
        long key = WriteReadiness.Shared.Wait(full.Server.SafeHandle, () => called = true);
        WriteReadiness.Shared.Cancel(full.Server.SafeHandle, key);
        while (full.HeardSoFar > 0)
            await full.HearAsync(full.HeardSoFar);
        TaskCompletionSource other = new();
        WriteReadiness.Shared.Wait(free.Server.SafeHandle, other.SetResult);
        await other.Task.Within();
        Assert.That(called, Is.False);
    }
}

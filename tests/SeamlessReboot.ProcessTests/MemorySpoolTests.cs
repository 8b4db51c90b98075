using SeamlessReboot.ProcessTests.Helpers;

namespace SeamlessReboot.ProcessTests;

/// <summary>A spool directory that will not do is no reason to call a reboot off: it goes through a memory file, and says so.</summary>
internal sealed class MemorySpoolTests : ProcessTest
{
    [Test]
    public async Task A_directory_that_others_may_write_to() =>
        await AssertRebootsAsync(await StartAsync(), "chmod 0700", () => File.SetUnixFileMode(Workspace.Spool, (UnixFileMode)0x1FF));

    [Test]
    public async Task A_directory_that_was_removed_and_cannot_be_made_anew() =>
        await AssertRebootsAsync(await StartAsync(), $"The spool directory '{Workspace.Spool}' cannot be opened", () =>
        {
            Directory.Delete(Workspace.Spool);
            File.WriteAllText(Workspace.Spool, "");
        });

    [Test]
    public async Task A_full_disk()
    {
        ServerProcess server = await StartOnSmallDiskAsync();
        await AssertRebootsAsync(server, "bytes free", () => Fill(OnSmallDisk(server, "filler"), leave: 0));
        Assert.That(Directory.GetFileSystemEntries(OnSmallDisk(server, "")).Select(f => Path.GetFileName(f)), Is.EqualTo(new[] { "filler" }));
    }

    [Test]
    public async Task A_disk_that_is_full_in_the_middle_of_writing()
    {
        ServerProcess server = await StartOnSmallDiskAsync();
        Client slow = await ConnectAsync(server.EndPoint, receiveBuffer: 4096);
        await slow.SendAsync("!pour 100000\n"); // what it does not read is more than the estimate, and than the disk
        await slow.ExpectAsync("line 0000001 of 0100000\n");
        Fill(OnSmallDisk(server, "filler"), leave: 700_000);
        await AssertRebootsAsync(server, "cannot be written to: No space left on device.", "bytes free", () => { });
        for (int i = 2; i <= 100_000; i++)
            Assert.That(await slow.ReadLineAsync() == $"line {i:D7} of 0100000", Is.True, $"line {i}");
        Assert.That(Directory.GetFileSystemEntries(OnSmallDisk(server, "")).Select(f => Path.GetFileName(f)), Is.EqualTo(new[] { "filler" }));
    }

    [Test]
    public async Task A_directory_that_is_gone_at_a_crash()
    {
        ServerProcess server = await StartAsync();
        List<Client> clients = await ConnectAsync(server, 3);
        Directory.Delete(Workspace.Spool);
        await File.WriteAllTextAsync(Workspace.Spool, "");
        await clients[0].SendAsync("!crash-thread\n");
        await server.ReadyAsync();
        await SayAllAsync(clients.Skip(1), "carried");
    }

    private Task AssertRebootsAsync(ServerProcess server, string said, Action spoil) => AssertRebootsAsync(server, said, said, spoil);

    private async Task AssertRebootsAsync(ServerProcess server, string saidFirst, string saidThen, Action spoil)
    {
        List<Client> clients = await ConnectAsync(server, 3);
        spoil();
        for (int i = 0; i < 2; i++)
        {
            int since = server.Now;
            await clients[1].SendAsync("half");
            await server.RebootAsync();
            await clients[1].SendAsync(" a line\n");
            await clients[1].ExpectAnswerAsync("half a line");
            await SayAllAsync(clients, "carried");
            Assert.That((await server.LogAsync("Spool", since)).Message, Does.Contain(i == 0 ? saidFirst : saidThen).And.Contain("memory file instead"));
            Assert.That(server.Proc.Descriptors().Values, Has.None.Contains("memfd:seamlessreboot"), "It is closed when everyone is back.");
        }
    }

    // A file system of one megabyte, in a mount namespace of the server's own. From outside it is seen through /proc/PID/root.
    private async Task<ServerProcess> StartOnSmallDiskAsync()
    {
        if (Libc.EffectiveUser() != 0 || (await Shell.TryAsync("unshare", "--mount", "true")).Code != 0)
            Assert.Ignore("A full disk takes a small file system, and mounting one takes root.");
        string disk = Directory.CreateDirectory(Workspace.File("disk")).FullName;
        return await StartByShellAsync($"exec unshare --mount --propagation private sh -c "
            + $"'mount -t tmpfs -o size=1m,mode=0700 small {disk} && exec dotnet \"$0\" --spool {disk}' '{Builds.Server}'");
    }

    private string OnSmallDisk(ServerProcess server, string name) => Path.Combine($"/proc/{server.Pid}/root{Workspace.File("disk")}", name);

    private static void Fill(string path, int leave)
    {
        using FileStream file = new(path, FileMode.CreateNew, FileAccess.Write, FileShare.None, bufferSize: 0);
        byte[] block = new byte[4096];
        try
        {
            while (true)
                file.Write(block);
        }
        catch (IOException)
        {
            file.SetLength(Math.Max(0, file.Length - leave));
        }
    }
}

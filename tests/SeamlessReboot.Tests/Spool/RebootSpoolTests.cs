using Microsoft.Win32.SafeHandles;
using SeamlessReboot.Posix;
using SeamlessReboot.Spool;
using SeamlessReboot.Tests.Support;

namespace SeamlessReboot.Tests.Spool;

/// <summary>What one reboot writes: in the directory, or in memory where that will not do.</summary>
[Parallelizable(ParallelScope.All)]
internal sealed class RebootSpoolTests
{
    private static readonly SpoolRecord _session = new() { Kind = SpoolRecordKind.Session, Name = "s1", State = Pattern.Bytes(0, 2_000_000) };

    private static void Fill(RebootSpool spool)
    {
        spool.Writer.Write(SampleSpool.Header().ToRecord());
        spool.Writer.Write(_session);
        spool.Publish();
    }

    private static void AssertWhole(SpoolReader reader)
    {
        Assert.That(reader.Damage, Is.Empty);
        Assert.That(SampleSpool.AreSame(reader.Records.Single(), _session));
    }

    [Test]
    public void It_is_in_the_directory_where_that_will_do()
    {
        using TempDirectory temp = new();
        using SpoolDirectory directory = SpoolDirectory.Open(temp["spool"]);
        using (RebootSpool spool = RebootSpool.Begin(directory, "", 1000, _ => Assert.Fail("There is nothing to warn of.")))
        {
            Fill(spool);
            Assert.That(spool.Memory, Is.Null);
            AssertWhole(directory.Read(SpoolFormat.RebootName, spool.Nonce)!);
        }

        Assert.That(Directory.EnumerateFileSystemEntries(temp["spool"]), Is.Empty, "What is not handed on is withdrawn.");
    }

    [TestCase("others may read it", "chmod 0700")]
    [TestCase("cannot be written to", "EEXIST")]
    public void It_is_in_memory_where_the_directory_will_not_do(string what, string said)
    {
        using TempDirectory temp = new();
        using SpoolDirectory directory = SpoolDirectory.Open(temp["spool"]);
        if (what == "others may read it")
            File.SetUnixFileMode(temp["spool"], (UnixFileMode)0x1FF);
        if (what == "cannot be written to")
            Directory.CreateDirectory(temp["spool/" + SpoolFormat.BesideName]);
        List<string> warnings = [];
        using RebootSpool spool = RebootSpool.Begin(directory, "", 1000, warnings.Add);
        Fill(spool);
        AssertWhole(SpoolReader.Read(spool.Memory!, spool.Nonce));
        Assert.That(warnings.Single(), Does.Contain(said).And.Contain("memory file instead"));
        Assert.That(File.Exists(temp["spool/" + SpoolFormat.RebootName]), Is.False);
    }

    [Test]
    public void Where_memory_will_not_do_either_both_are_told()
    {
        IOException e = Assert.Throws<IOException>(() => RebootSpool.Begin(null, "There is none.", long.MaxValue / 4, _ => { }))!;
        Assert.That(e.Message, Does.StartWith("There is none. A memory file will not do either"));
    }

    [Test]
    public void A_writer_whose_disk_is_full_goes_on_elsewhere_with_all_that_was_written()
    {
        if (!File.Exists("/dev/full"))
            Assert.Ignore("There is no /dev/full here.");
        byte[] nonce = SpoolFormat.NewNonce();
        using SafeFileHandle memory = MemoryFile.Create("test");
        using (SpoolWriter writer = new(File.OpenHandle("/dev/full", FileMode.Open, FileAccess.ReadWrite), nonce) { WhenFull = _ => memory })
        {
            writer.Write(SampleSpool.Header().ToRecord());
            for (int i = 0; i < 10; i++)
                writer.Write(_session with { Name = "s" + i, State = Pattern.Bytes(i, 100_000) });
            writer.Finish();
            SpoolReader reader = SpoolReader.Read(memory, nonce);
            Assert.That((reader.Damage.Count, reader.Records.Count), Is.EqualTo((0, 10)));
            Assert.That(writer.Length, Is.EqualTo(RandomAccess.GetLength(memory)));
        }
    }

    [Test]
    public void A_memory_file_is_closed_on_exec_and_cannot_be_changed_once_it_is_sealed()
    {
        using SafeFileHandle memory = MemoryFile.Create("test");
        Assert.That(Fd.IsCloseOnExec((int)memory.DangerousGetHandle()), Is.True);
        RandomAccess.Write(memory, "whole"u8, 0);
        MemoryFile.Seal(memory);
        Assert.That(() => RandomAccess.Write(memory, "other"u8, 0), Throws.InstanceOf<Exception>());
        byte[] bytes = new byte[9];
        Assert.That(RandomAccess.Read(memory, bytes, 0), Is.EqualTo(5));
    }

    [Test]
    public void How_much_memory_is_free_is_known() => Assert.That(MemoryFile.FreeBytes(), Is.InRange(1L << 20, 1L << 50));
}

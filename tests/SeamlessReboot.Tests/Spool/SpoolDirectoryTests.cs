using Mono.Unix.Native;
using SeamlessReboot.Spool;
using SeamlessReboot.Tests.Support;

namespace SeamlessReboot.Tests.Spool;

[Parallelizable(ParallelScope.All)]
internal sealed class SpoolDirectoryTests
{
    private static int Mode(string path) => (int)File.GetUnixFileMode(path);

    [Test]
    public void It_is_created_for_this_user_alone_with_those_above_it()
    {
        using TempDirectory temp = new();
        using SpoolDirectory spool = SpoolDirectory.Open(temp["a/b"]);
        Assert.That(Mode(temp["a/b"]), Is.EqualTo(0x1C0));
        Assert.That(spool.Path, Is.EqualTo(temp["a/b"]));
    }

    [TestCase(0x1FF, "0777")]
    [TestCase(0x1E8, "0750")]
    [TestCase(0x1C1, "0701")]
    [TestCase(0x3C0, "1700")]
    public void Another_mode_is_refused_with_the_command_that_mends_it(int mode, string shown)
    {
        using TempDirectory temp = new();
        Directory.CreateDirectory(temp["spool"]);
        File.SetUnixFileMode(temp["spool"], (UnixFileMode)mode);
        IOException e = Assert.Throws<IOException>(() => SpoolDirectory.Open(temp["spool"]))!;
        Assert.That(e.Message, Does.Contain($"has mode {shown}").And.Contain($"Run: chmod 0700 '{temp["spool"]}'"));
    }

    [Test]
    public void Another_owner_is_refused_with_the_command_that_mends_it()
    {
        if (Syscall.geteuid() != 0)
            Assert.Ignore("Only root can give a directory to somebody else.");
        using TempDirectory temp = new();
        Directory.CreateDirectory(temp["spool"], UnixFileMode.UserRead | UnixFileMode.UserWrite | UnixFileMode.UserExecute);
        Assert.That(Syscall.chown(temp["spool"], 65534, 65534), Is.Zero);
        IOException e = Assert.Throws<IOException>(() => SpoolDirectory.Open(temp["spool"]))!;
        Assert.That(e.Message, Does.Contain("belongs to user 65534, the server runs as user 0").And.Contain($"Run: chown 0 '{temp["spool"]}'"));
    }

    [Test]
    public void A_symlink_is_refused()
    {
        using TempDirectory temp = new();
        Directory.CreateDirectory(temp["real"], UnixFileMode.UserRead | UnixFileMode.UserWrite | UnixFileMode.UserExecute);
        File.CreateSymbolicLink(temp["spool"], temp["real"]);
        IOException e = Assert.Throws<IOException>(() => SpoolDirectory.Open(temp["spool"]))!;
        Assert.That(e.Message, Does.Contain(temp["spool"]).And.Contain("no symlink").And.Contain("RebooterOptions.SpoolDirectory"));
    }

    [Test]
    public void A_file_in_its_place_is_refused()
    {
        using TempDirectory temp = new();
        File.WriteAllText(temp["spool"], "");
        Assert.That(() => SpoolDirectory.Open(temp["spool"]), Throws.TypeOf<IOException>().With.Message.Contains("RebooterOptions.SpoolDirectory"));
    }

    [Test]
    public void A_second_server_is_refused_until_the_first_has_gone()
    {
        using TempDirectory temp = new();
        using (SpoolDirectory first = SpoolDirectory.Open(temp["spool"]))
            Assert.That(() => SpoolDirectory.Open(temp["spool"]), Throws.TypeOf<IOException>().With.Message.Contains("Give each server a SpoolDirectory of its own"));
        SpoolDirectory.Open(temp["spool"]).Dispose();
    }

    [Test]
    public void What_became_wrong_since_the_start_is_found_by_the_next_check()
    {
        using TempDirectory temp = new();
        using SpoolDirectory spool = SpoolDirectory.Open(temp["spool"]);
        spool.Check();
        File.SetUnixFileMode(temp["spool"], (UnixFileMode)0x1FF);
        Assert.That(spool.Check, Throws.TypeOf<IOException>().With.Message.Contains("chmod 0700"));
    }

    [Test]
    public void Too_little_space_is_refused_with_the_estimate()
    {
        using TempDirectory temp = new();
        using SpoolDirectory spool = SpoolDirectory.Open(temp["spool"]);
        spool.CheckSpace(1);
        Assert.That(() => spool.CheckSpace(1_000_000_000_000_000),
            Throws.TypeOf<IOException>().With.Message.Contains($"{1_100_000_000_000_000:N0}").And.Message.Contains("Free some space there"));
    }

    [Test]
    public void A_spool_is_written_beside_and_published_at_once()
    {
        using TempDirectory temp = new();
        using SpoolDirectory spool = SpoolDirectory.Open(temp["spool"]);
        Assert.That(spool.Load(SpoolFormat.RebootName), Is.Null);
        using SpoolWriter writer = spool.Create(out byte[] nonce);
        writer.Write(new SpoolRecord { Kind = SpoolRecordKind.Session, Name = "s1", Fd = 4 });
        writer.Finish();
        Assert.That(spool.Load(SpoolFormat.RebootName), Is.Null, "Not yet.");
        Assert.That(Mode(temp["spool/" + SpoolFormat.BesideName]), Is.EqualTo(0x180));
        spool.Publish(SpoolFormat.RebootName);
        SpoolReader reader = SpoolReader.Read(spool.Load(SpoolFormat.RebootName), nonce);
        Assert.That((reader.Records.Single().Name, reader.Damage.Count), Is.EqualTo(("s1", 0)));
        spool.Clear();
        Assert.That(Directory.EnumerateFileSystemEntries(temp["spool"]), Is.Empty);
        Assert.That(spool.Clear, Throws.Nothing);
    }

    [Test]
    public void The_nonce_is_another_one_each_time()
    {
        using TempDirectory temp = new();
        using SpoolDirectory spool = SpoolDirectory.Open(temp["spool"]);
        spool.Create(out byte[] first).Dispose();
        spool.Create(out byte[] second).Dispose();
        Assert.That(first, Is.Not.EqualTo(second));
    }

    [Test]
    public void A_symlink_in_the_place_of_the_spool_is_neither_written_through_nor_read()
    {
        using TempDirectory temp = new();
        using SpoolDirectory spool = SpoolDirectory.Open(temp["spool"]);
        File.WriteAllText(temp["victim"], "precious");
        File.CreateSymbolicLink(temp["spool/" + SpoolFormat.BesideName], temp["victim"]);
        using (SpoolWriter writer = spool.Create(out _))
            writer.Finish();
        Assert.That(File.ReadAllText(temp["victim"]), Is.EqualTo("precious"));
        File.CreateSymbolicLink(temp["spool/" + SpoolFormat.RebootName], temp["victim"]);
        Assert.That(() => spool.Load(SpoolFormat.RebootName), Throws.InstanceOf<IOException>());
    }

    [Test]
    public void A_file_that_cannot_be_made_room_for_is_an_error_and_not_overwritten()
    {
        using TempDirectory temp = new();
        using SpoolDirectory spool = SpoolDirectory.Open(temp["spool"]);
        Directory.CreateDirectory(temp["spool/" + SpoolFormat.BesideName]);
        Assert.That(() => spool.Create(out _), Throws.InstanceOf<IOException>().With.Message.Contains("EEXIST"));
    }

    [Test]
    public void A_record_in_quarantine_can_be_read_by_a_person()
    {
        using TempDirectory temp = new();
        using SpoolDirectory spool = SpoolDirectory.Open(temp["spool"]);
        SpoolRecord record = SampleSpool.Records(new Random(1), 1)[0];
        string path = spool.Quarantine(SampleSpool.Header(), record);
        Assert.That(path, Is.EqualTo(temp["spool/quarantine-3-s1.spool"]));
        SpoolReader reader = SpoolReader.Read(File.ReadAllBytes(path), null);
        Assert.That(SampleSpool.Bytes(reader.Records.Single()), Is.EqualTo(SampleSpool.Bytes(record)));
        Assert.That(SpoolHeader.From(reader.Header!), Is.EqualTo(SampleSpool.Header()));
        Assert.That(Mode(path), Is.EqualTo(0x180));
        Assert.That(() => spool.Quarantine(SampleSpool.Header(), record), Throws.Nothing, "The same once more.");
        spool.Clear();
        Assert.That(File.Exists(path), "It is kept until somebody has looked at it.");
    }

    [Test]
    public void An_adopted_directory_keeps_its_lock()
    {
        using TempDirectory temp = new();
        SpoolDirectory first = SpoolDirectory.Open(temp["spool"]);
        using SpoolDirectory second = SpoolDirectory.Adopt(temp["spool"], SeamlessReboot.Posix.Fd.Duplicate(first.Handle));
        first.Dispose();
        Assert.That(() => SpoolDirectory.Open(temp["spool"]), Throws.TypeOf<IOException>().With.Message.Contains("in use by another server"));
        second.Check();
    }
}

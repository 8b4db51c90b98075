using System.Text;
using SeamlessReboot.Spool;
using SeamlessReboot.Tests.Support;

namespace SeamlessReboot.Tests.Spool;

[Parallelizable(ParallelScope.All)]
internal sealed class SpoolFileTests
{
    private static readonly byte[] _nonce = [1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15, 16];
    private static readonly byte[] _otherNonce = [1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15, 17];

    [Test]
    public void What_was_written_is_read()
    {
        SpoolRecord[] records = SampleSpool.Records(new Random(1), 50);
        SpoolReader reader = SpoolReader.Read(SampleSpool.Write(records, _nonce), _nonce);
        Assert.That(reader.Damage, Is.Empty);
        Assert.That(reader.Header, Is.Not.Null);
        Assert.That(reader.Records.Select(SampleSpool.Bytes), Is.EqualTo(records.Select(SampleSpool.Bytes)));
    }

    [Test]
    public void Records_larger_than_the_buffer_are_read()
    {
        SpoolRecord[] records = [new() { Kind = SpoolRecordKind.Session, Name = "s1", Fd = 5, Unread = Pattern.Bytes(0, 3_000_000), State = Pattern.Bytes(7, 2_000_000) }];
        SpoolReader reader = SpoolReader.Read(SampleSpool.Write(records, _nonce), _nonce);
        Assert.That(reader.Damage, Is.Empty);
        Assert.That(SampleSpool.AreSame(reader.Records.Single(), records[0]));
    }

    [TestCase(5)]
    [TestCase(64 * 1024)]
    [TestCase(SpoolBytes.PieceLength - 1)]
    [TestCase(2 * SpoolBytes.PieceLength)]
    public void A_file_is_read_piece_by_piece_as_it_is_at_once(int size)
    {
        SpoolRecord[] records = [.. Enumerable.Range(1, Math.Min(200_000 / size + 20, 4000))
            .Select(i => new SpoolRecord { Kind = SpoolRecordKind.Session, Name = "s" + i, Fd = i, Unread = Pattern.Bytes(i, size + i % 7), State = Pattern.Bytes(i, 100) })];
        byte[] bytes = SampleSpool.Write(records, _nonce);
        bytes[bytes.Length / 2] ^= 1;
        using TempDirectory directory = new();
        File.WriteAllBytes(directory["spool"], bytes);
        SpoolReader pieces = ReadFile(directory["spool"]), whole = SpoolReader.Read(bytes, _nonce);
        Assert.That(pieces.Damage, Is.EqualTo(whole.Damage).And.Not.Empty);
        Assert.That(pieces.Length, Is.EqualTo(bytes.Length));
        Assert.That(pieces.Records, Has.Count.EqualTo(records.Length - 1));
        Assert.That(pieces.Records.Zip(whole.Records, (a, b) => SampleSpool.AreSame(a, b)), Is.All.True);
    }

    [Test]
    public void What_lies_beyond_two_gigabytes_is_read()
    {
        const long Hole = (1L << 31) + 12345;
        using TempDirectory directory = new();
        using (SpoolWriter writer = new(File.OpenHandle(directory["spool"], FileMode.CreateNew, FileAccess.Write), _nonce))
        {
            writer.Write(SampleSpool.Header().ToRecord());
            writer.Write(new SpoolRecord { Kind = SpoolRecordKind.Session, Name = "s1" });
            writer.Flush();
        }

        using (FileStream file = new(directory["spool"], FileMode.Open))
            file.SetLength(Hole); // takes no room
        using (SpoolWriter writer = SpoolWriter.Continue(File.OpenHandle(directory["spool"], FileMode.Open, FileAccess.Write), _nonce, 4096))
        {
            writer.Write(new SpoolRecord { Kind = SpoolRecordKind.Session, Name = "s2", State = Pattern.Bytes(0, 3_000_000) });
            Assert.That(writer.Length, Is.GreaterThan(Hole));
            writer.Flush();
        }

        SpoolReader reader = ReadFile(directory["spool"]);
        Assert.That(reader.Records.Select(r => r.Name), Is.EqualTo(new[] { "s1", "s2" }));
        Assert.That(Pattern.FirstWrong(reader.Records[1].State.Span, 0), Is.EqualTo(-1));
        Assert.That(reader.Damage, Has.Count.EqualTo(2), "The hole, and no last record.");
    }

    [TestCase(true)]
    [TestCase(false)]
    public void A_record_that_is_too_large_is_refused_and_the_others_are_kept(bool asState)
    {
        using TempDirectory directory = new();
        using (SpoolWriter writer = new(File.OpenHandle(directory["spool"], FileMode.CreateNew, FileAccess.Write), _nonce) { MostOfOne = 4_000_000 })
        {
            SpoolRecord record = new() { Kind = SpoolRecordKind.Session, Name = "s1" };
            writer.Write(record);
            byte[] large = new byte[5_000_000];
            Assert.That(() => writer.Write(asState ? record with { State = large } : record with { Unsent = large }),
                Throws.TypeOf<IOException>().With.Message.Contains("4,000,000 bytes").And.Message.Contains("less unsent output"));
            writer.Write(record with { Name = "s2", Unsent = large.AsMemory(0, 3_500_000) });
            writer.Finish();
        }

        SpoolReader reader = ReadFile(directory["spool"]);
        Assert.That((reader.Damage.Count, reader.Records.Count, reader.Records[1].Unsent.Length), Is.EqualTo((0, 2, 3_500_000)));
    }

    private static SpoolReader ReadFile(string path)
    {
        using Microsoft.Win32.SafeHandles.SafeFileHandle file = File.OpenHandle(path);
        return SpoolReader.Read(file, _nonce);
    }

    [Test]
    public void The_header_says_whose_it_is()
    {
        SpoolHeader header = SampleSpool.Header();
        Assert.That(SpoolHeader.From(header.ToRecord()), Is.EqualTo(header));
    }

    [TestCase("")]
    [TestCase("1\n2\n3\n4")]
    [TestCase("a\n2\n3\nb\nc\n2026-01-01")]
    [TestCase("1\n2\n3\nb\nc\nyesterday")]
    public void A_header_that_says_something_else_is_none(string text) =>
        Assert.That(SpoolHeader.From(new SpoolRecord { Kind = SpoolRecordKind.Header, State = Encoding.UTF8.GetBytes(text) }), Is.Null);

    [Test]
    public void A_spool_written_under_another_nonce_is_not_believed()
    {
        SpoolReader reader = SpoolReader.Read(SampleSpool.Write(SampleSpool.Records(new Random(2), 20), _otherNonce), _nonce);
        Assert.That((reader.Records.Count, reader.Header), Is.EqualTo((0, (SpoolRecord?)null)));
        Assert.That(reader.Damage, Is.Not.Empty);
    }

    [Test]
    public void A_person_who_looks_at_it_believes_its_own_nonce() =>
        Assert.That(SpoolReader.Read(SampleSpool.Write(SampleSpool.Records(new Random(2), 20), _otherNonce), null).Records, Has.Count.EqualTo(20));

    [Test]
    public void Each_record_is_recoverable_when_any_other_is_damaged()
    {
        SpoolRecord[] records = SampleSpool.Records(new Random(3), 10);
        byte[] file = SampleSpool.Write(records, _nonce);
        List<int> starts = SampleSpool.Starts(file);
        for (int damaged = 0; damaged < records.Length; damaged++)
        {
            byte[] copy = [.. file];
            copy[starts[damaged + 1] + SpoolFormat.RecordHeaderLength + 7] ^= 0x40;
            SpoolReader reader = SpoolReader.Read(copy, _nonce);
            Assert.That(reader.Records.Select(r => r.Name), Is.EqualTo(records.Where((_, i) => i != damaged).Select(r => r.Name)));
            Assert.That(reader.Damage[0], Does.Contain($"The bytes {starts[damaged + 1]} to "));
            Assert.That(reader.Damage[^1], Is.EqualTo("11 records were written, 10 were read."));
        }
    }

    [Test]
    public void A_file_that_was_cut_off_says_so_and_gives_what_is_whole()
    {
        SpoolRecord[] records = SampleSpool.Records(new Random(4), 10);
        byte[] file = SampleSpool.Write(records, _nonce);
        List<int> starts = SampleSpool.Starts(file);
        SpoolReader reader = SpoolReader.Read(file.AsMemory(0, starts[6] + 3), _nonce);
        Assert.That(reader.Records, Has.Count.EqualTo(5));
        Assert.That(reader.Damage, Does.Contain("The file ends before its last record."));
    }

    [TestCase(0)]
    [TestCase(7)]
    [TestCase(23)]
    [TestCase(24)]
    [TestCase(30)]
    public void A_file_of_nearly_nothing_is_reported(int length) =>
        Assert.That(SpoolReader.Read(SampleSpool.Write([], _nonce).AsMemory(0, length), _nonce).Damage, Is.Not.Empty);

    [Test]
    public void A_file_of_another_format_is_reported()
    {
        byte[] file = SampleSpool.Write([], _nonce);
        file[7] = 99;
        Assert.That(SpoolReader.Read(file, _nonce).Damage, Is.EqualTo(new[] { "The file does not begin as a spool of this format does." }));
    }

    [Test]
    public void A_record_whose_state_cannot_be_written_is_as_if_it_had_never_been_begun()
    {
        using TempDirectory directory = new();
        using (SpoolWriter writer = new(File.OpenHandle(directory["spool"], FileMode.CreateNew, FileAccess.Write), _nonce))
        {
            writer.Write(new SpoolRecord { Kind = SpoolRecordKind.Session, Name = "s1", Fd = 4 });
            Assert.That(() => writer.Write(new SpoolRecord { Kind = SpoolRecordKind.Session, Name = "s2", Fd = 5 }, w =>
            {
                w.GetSpan(1000)[..1000].Fill(1);
                w.Advance(1000);
                throw new InvalidDataException("no");
            }), Throws.TypeOf<InvalidDataException>());
            writer.Write(new SpoolRecord { Kind = SpoolRecordKind.Session, Name = "s3", Fd = 6 });
            Assert.That(writer.RecordCount, Is.EqualTo(2));
            writer.Finish();
            Assert.That(writer.Length, Is.EqualTo(new FileInfo(directory["spool"]).Length));
        }

        SpoolReader reader = SpoolReader.Read(File.ReadAllBytes(directory["spool"]), _nonce);
        Assert.That(reader.Records.Select(r => r.Name), Is.EqualTo(new[] { "s1", "s3" }));
        Assert.That(reader.Damage, Is.Empty);
    }

    [Test]
    public void A_full_disk_is_reported()
    {
        if (!File.Exists("/dev/full"))
            Assert.Ignore("There is no /dev/full here.");
        using SpoolWriter writer = new(File.OpenHandle("/dev/full", FileMode.Open, FileAccess.Write), _nonce);
        writer.Write(new SpoolRecord { Kind = SpoolRecordKind.Session, Name = "s1", Fd = 4 });
        Assert.That(writer.Finish, Throws.InstanceOf<IOException>());
    }

    [TestCase(1)]
    [TestCase(2)]
    [TestCase(3)]
    [TestCase(4)]
    public void No_mutation_makes_the_reader_throw_or_believe_what_was_not_written(int part)
    {
        Random random = new(part);
        SpoolRecord[] records = SampleSpool.Records(random, 25);
        byte[] valid = SampleSpool.Write(records, _nonce), foreign = SampleSpool.Write(SampleSpool.Records(random, 25), _otherNonce);
        Dictionary<string, SpoolRecord> written = records.ToDictionary(r => r.Name);
        SpoolRecord header = SampleSpool.Header().ToRecord();
        List<int> starts = SampleSpool.Starts(valid), foreignStarts = SampleSpool.Starts(foreign);
        int damaged = 0;
        for (int i = 0; i < 2500; i++)
        {
            byte[] mutated = SpoolMutations.Mutate(valid, foreign, starts, foreignStarts, random, out string mutation);
            SpoolReader reader = SpoolReader.Read(mutated, _nonce);
            foreach (SpoolRecord record in reader.Records)
                if (!written.TryGetValue(record.Name, out SpoolRecord? original) || !SampleSpool.AreSame(record, original))
                    Assert.Fail($"Mutation {i} of part {part} ({mutation}) has made up the record '{record.Name}'.");
            if (reader.Header is SpoolRecord read && !SampleSpool.AreSame(read, header))
                Assert.Fail($"Mutation {i} of part {part} ({mutation}) has made up a header.");
            if (reader.Damage.Count > 0)
                damaged++;
            else if (!mutated.AsSpan(SpoolFormat.FileHeaderLength).SequenceEqual(valid.AsSpan(SpoolFormat.FileHeaderLength)) && reader.Records.Count != records.Length)
                Assert.Fail($"Mutation {i} of part {part} ({mutation}) has lost records and nobody says so.");
        }

        Assert.That(damaged, Is.GreaterThan(1500), "The mutations do not damage enough to be a test.");
    }
}

using System.Buffers.Binary;
using System.Text;
using SeamlessReboot.Spool;
using SeamlessReboot.Tests.Support;

namespace SeamlessReboot.Tests.Spool;

internal static class SampleSpool
{
    internal static SpoolHeader Header() => new()
    {
        Generation = 3,
        Pid = 1234,
        StartTime = 5678,
        BootId = "boot",
        Serializer = "json",
        Written = new DateTimeOffset(2026, 1, 2, 3, 4, 5, TimeSpan.Zero),
    };

    internal static SpoolRecord[] Records(Random random, int count) => [.. Enumerable.Range(1, count).Select(i => new SpoolRecord
    {
        Kind = (SpoolRecordKind)random.Next(2, 8),
        Name = "s" + i,
        Type = random.Next(2) == 0 ? "" : "kind",
        Fd = random.Next(3, 5000),
        Identity = Some(random, 40),
        Unread = Some(random, 100),
        Unsent = Some(random, 300),
        State = Some(random, 500),
    })];

    internal static byte[] Write(IEnumerable<SpoolRecord> records, byte[] nonce)
    {
        using TempDirectory directory = new();
        using (SpoolWriter writer = new(File.OpenHandle(directory["spool"], FileMode.CreateNew, FileAccess.Write), nonce))
        {
            writer.Write(Header().ToRecord());
            foreach (SpoolRecord record in records)
                writer.Write(record);
            writer.Finish();
        }

        return File.ReadAllBytes(directory["spool"]);
    }

    /// <summary>Where each record of an undamaged file begins; the header is the first.</summary>
    internal static List<int> Starts(byte[] file)
    {
        List<int> starts = [];
        for (int at = SpoolFormat.FileHeaderLength; at < file.Length; at += SpoolFormat.RecordHeaderLength + BinaryPrimitives.ReadInt32LittleEndian(file.AsSpan(at + 4)))
            starts.Add(at);
        return starts;
    }

    /// <summary>All of a record, to be compared.</summary>
    internal static byte[] Bytes(SpoolRecord record) =>
        [(byte)record.Kind, .. Encoding.UTF8.GetBytes($"{record.Name}|{record.Type}|{record.Fd}|{record.Identity.Length}|{record.Unread.Length}|{record.Unsent.Length}|"),
            .. record.Identity.Span, .. record.Unread.Span, .. record.Unsent.Span, .. record.State.Span];

    internal static bool AreSame(in SpoolRecord a, in SpoolRecord b) =>
        a.Kind == b.Kind && (a.Name ?? "") == (b.Name ?? "") && (a.Type ?? "") == (b.Type ?? "") && a.Fd == b.Fd
        && a.Identity.Span.SequenceEqual(b.Identity.Span) && a.Unread.Span.SequenceEqual(b.Unread.Span)
        && a.Unsent.Span.SequenceEqual(b.Unsent.Span) && a.State.Span.SequenceEqual(b.State.Span);

    private static byte[] Some(Random random, int most)
    {
        byte[] bytes = new byte[random.Next(3) == 0 ? 0 : random.Next(most)];
        random.NextBytes(bytes);
        if (bytes.Length > 8 && random.Next(10) == 0)
            BinaryPrimitives.WriteUInt32LittleEndian(bytes.AsSpan(2), SpoolFormat.Marker); // what a client types can hold the marker
        return bytes;
    }
}

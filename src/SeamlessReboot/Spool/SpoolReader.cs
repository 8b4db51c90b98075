using System.Buffers.Binary;
using System.Text;
using Microsoft.Win32.SafeHandles;

namespace SeamlessReboot.Spool;

/// <summary>What could be read of a spool file, and what could not.</summary>
internal sealed class SpoolReader
{
    private readonly List<SpoolRecord> _records = [];
    private readonly List<string> _damage = [];

    private SpoolReader()
    {
    }

    /// <summary>The records that passed their check, in the order of the file, without header and end.</summary>
    internal IReadOnlyList<SpoolRecord> Records => _records;

    /// <summary>The header record, if it passed its check.</summary>
    internal SpoolRecord? Header { get; private set; }

    /// <summary>One sentence for each thing wrong with the file.</summary>
    internal IReadOnlyList<string> Damage => _damage;

    /// <summary>Of the file, in bytes.</summary>
    internal long Length { get; private init; }

    /// <param name="file">The file, which may be larger than memory allows to read at once.</param>
    /// <param name="nonce">The nonce that the records have to be written under; null to believe the file's own.</param>
    /// <param name="hasEnd">Whether a file without its last record is damaged; not so for one that grows.</param>
    internal static SpoolReader Read(SafeFileHandle file, byte[]? nonce, bool hasEnd = true) => Read(new SpoolBytes(file), nonce, hasEnd);

    /// <summary>The same, of a whole file in memory.</summary>
    internal static SpoolReader Read(ReadOnlyMemory<byte> file, byte[]? nonce, bool hasEnd = true) => Read(new SpoolBytes(file), nonce, hasEnd);

    private static SpoolReader Read(SpoolBytes file, byte[]? nonce, bool hasEnd)
    {
        SpoolReader reader = new() { Length = file.Length };
        try
        {
            reader.ReadAll(file, nonce, hasEnd);
        }
        catch (IOException e)
        {
            reader._damage.Add(e.Message); // what was read before counts
        }

        return reader;
    }

    private void ReadAll(SpoolBytes file, byte[]? nonce, bool hasEnd)
    {
        if (file.Length < SpoolFormat.FileHeaderLength)
        {
            _damage.Add("The file does not begin as a spool of this format does.");
            return;
        }

        ReadOnlySpan<byte> head = file.Read(0, SpoolFormat.FileHeaderLength).Span;
        if (!head[..8].SequenceEqual(SpoolFormat.Magic))
            _damage.Add("The file does not begin as a spool of this format does.");
        ReadRecords(file, SpoolFormat.Seed(nonce ?? head.Slice(8, SpoolFormat.NonceLength)), hasEnd);
    }

    private void ReadRecords(SpoolBytes file, uint seed, bool hasEnd)
    {
        long position = SpoolFormat.FileHeaderLength;
        int count = 0;
        bool ended = false;
        while (position <= file.Length - SpoolFormat.RecordHeaderLength)
        {
            if (ReadRecord(file, position, seed, out int length) is not SpoolRecord record)
            {
                long next = FindMarker(file, position + 1);
                _damage.Add($"The bytes {position} to {next - 1} hold no record that passes its check.");
                position = next;
                continue;
            }

            position += SpoolFormat.RecordHeaderLength + length;
            switch (record.Kind)
            {
                case SpoolRecordKind.Header:
                    Header = hasEnd ? Header ?? record : record; // in one that grows each process writes its own
                    count++;
                    break;
                case SpoolRecordKind.End:
                    ended = true;
                    if (record.Fd != count)
                        _damage.Add($"{record.Fd} records were written, {count} were read.");
                    break;
                default:
                    _records.Add(record);
                    count++;
                    break;
            }
        }

        if (!ended && hasEnd)
            _damage.Add("The file ends before its last record.");
    }

    // Apart: a method that has both a loop and a stackalloc is compiled with all optimizations, which takes 2 ms of the pause.
    private static long FindMarker(SpoolBytes file, long from)
    {
        Span<byte> marker = stackalloc byte[4];
        BinaryPrimitives.WriteUInt32LittleEndian(marker, SpoolFormat.Marker);
        return file.Find(marker, from);
    }

    /// <summary>Null when there is no record here that passes its check.</summary>
    private static SpoolRecord? ReadRecord(SpoolBytes file, long position, uint seed, out int length)
    {
        ReadOnlySpan<byte> header = file.Read(position, SpoolFormat.RecordHeaderLength).Span;
        length = BinaryPrimitives.ReadInt32LittleEndian(header[4..]);
        if (BinaryPrimitives.ReadUInt32LittleEndian(header) != SpoolFormat.Marker || length < 0 || length > Array.MaxLength
            || length > file.Length - position - SpoolFormat.RecordHeaderLength)
            return null;
        ReadOnlyMemory<byte> body = file.Read(position + SpoolFormat.RecordHeaderLength, length);
        return BinaryPrimitives.ReadUInt32LittleEndian(header[8..]) == SpoolFormat.Checksum(seed, body.Span) ? Parse(body) : null;
    }

    /// <summary>Null when the body is no record.</summary>
    private static SpoolRecord? Parse(ReadOnlyMemory<byte> body)
    {
        if (body.Length < 5)
            return null;
        SpoolRecordKind kind = (SpoolRecordKind)body.Span[0];
        int fd = BinaryPrimitives.ReadInt32LittleEndian(body.Span[1..]);
        ReadOnlyMemory<byte> rest = body[5..];
        if (!TryTake(ref rest, out ReadOnlyMemory<byte> name) || !TryTake(ref rest, out ReadOnlyMemory<byte> type)
            || !TryTake(ref rest, out ReadOnlyMemory<byte> identity) || !TryTake(ref rest, out ReadOnlyMemory<byte> unread)
            || !TryTake(ref rest, out ReadOnlyMemory<byte> unsent) || !TryTake(ref rest, out ReadOnlyMemory<byte> progress))
            return null;
        return new SpoolRecord
        {
            Kind = kind,
            Name = Encoding.UTF8.GetString(name.Span),
            Type = Encoding.UTF8.GetString(type.Span),
            Fd = fd,
            Identity = identity,
            Unread = unread,
            Unsent = unsent,
            Progress = progress,
            State = rest,
        };
    }

    private static bool TryTake(ref ReadOnlyMemory<byte> rest, out ReadOnlyMemory<byte> part)
    {
        part = default;
        if (rest.Length < 4)
            return false;
        int length = BinaryPrimitives.ReadInt32LittleEndian(rest.Span);
        if ((uint)length > (uint)(rest.Length - 4))
            return false;
        part = rest.Slice(4, length);
        rest = rest[(4 + length)..];
        return true;
    }
}

using System.Buffers.Binary;
using System.Text;

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

    /// <param name="file">The whole file.</param>
    /// <param name="nonce">The nonce that the records have to be written under; null to believe the file's own.</param>
    /// <param name="hasEnd">Whether a file without its last record is damaged; not so for one that grows.</param>
    internal static SpoolReader Read(ReadOnlyMemory<byte> file, byte[]? nonce, bool hasEnd = true)
    {
        SpoolReader reader = new();
        ReadOnlySpan<byte> bytes = file.Span;
        if (bytes.Length < SpoolFormat.FileHeaderLength || !bytes[..8].SequenceEqual(SpoolFormat.Magic))
            reader._damage.Add("The file does not begin as a spool of this format does.");
        if (bytes.Length >= SpoolFormat.FileHeaderLength)
            reader.ReadRecords(file, SpoolFormat.Seed(nonce ?? bytes.Slice(8, SpoolFormat.NonceLength)), hasEnd);
        return reader;
    }

    private void ReadRecords(ReadOnlyMemory<byte> file, uint seed, bool hasEnd)
    {
        ReadOnlySpan<byte> bytes = file.Span;
        int position = SpoolFormat.FileHeaderLength, count = 0;
        bool ended = false;
        while (position <= bytes.Length - SpoolFormat.RecordHeaderLength)
        {
            ReadOnlySpan<byte> header = bytes.Slice(position, SpoolFormat.RecordHeaderLength);
            int length = BinaryPrimitives.ReadInt32LittleEndian(header[4..]);
            int body = position + SpoolFormat.RecordHeaderLength;
            if (BinaryPrimitives.ReadUInt32LittleEndian(header) != SpoolFormat.Marker
                || (uint)length > (uint)(bytes.Length - body)
                || BinaryPrimitives.ReadUInt32LittleEndian(header[8..]) != SpoolFormat.Checksum(seed, bytes.Slice(body, length))
                || Parse(file.Slice(body, length)) is not SpoolRecord record)
            {
                int next = FindMarker(bytes, position + 1);
                _damage.Add($"The bytes {position} to {next - 1} hold no record that passes its check.");
                position = next;
                continue;
            }

            position = body + length;
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

    private static int FindMarker(ReadOnlySpan<byte> bytes, int from)
    {
        Span<byte> marker = stackalloc byte[4];
        BinaryPrimitives.WriteUInt32LittleEndian(marker, SpoolFormat.Marker);
        int found = from < bytes.Length ? bytes[from..].IndexOf(marker) : -1;
        return found < 0 ? bytes.Length : from + found;
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

using System.Buffers.Binary;
using SeamlessReboot.Spool;

namespace SeamlessReboot.Tests.Spool;

/// <summary>What can become of a file: by the disk, by a crash, by somebody who means harm and does not know the nonce.</summary>
internal static class SpoolMutations
{
    internal static byte[] Mutate(byte[] valid, byte[] foreign, List<int> starts, List<int> foreignStarts, Random random, out string mutation)
    {
        byte[] file = [.. valid];
        List<string> mutations = [];
        for (int i = random.Next(1, 4); i > 0; i--)
        {
            (string name, file) = random.Next(9) switch
            {
                0 => ("bit flips", FlipBits(file, random)),
                1 => ("truncation", file[..random.Next(file.Length + 1)]),
                2 => ("splice of bytes", Splice(file, foreign, random)),
                3 => ("splice of a foreign record", Put(file, starts, Record(foreign, foreignStarts, random), random)),
                4 => ("duplicated record", Put(file, starts, Record(valid, starts, random), random)),
                5 => ("swapped records", Swap(file, valid, starts, random)),
                6 => ("length field", SetLength(file, starts, random)),
                7 => ("length field inside a body", SetInnerLength(file, starts, random)),
                _ => ("noise in the middle", Insert(file, random)),
            };
            mutations.Add(name);
        }

        mutation = string.Join(", ", mutations);
        return file;
    }

    private static byte[] FlipBits(byte[] file, Random random)
    {
        for (int i = random.Next(1, 9); i > 0 && file.Length > 0; i--)
            file[random.Next(file.Length)] ^= (byte)(1 << random.Next(8));
        return file;
    }

    private static byte[] Splice(byte[] file, byte[] foreign, Random random)
    {
        int from = random.Next(foreign.Length), length = random.Next(foreign.Length - from), at = random.Next(file.Length + 1);
        return random.Next(2) == 0
            ? [.. file[..at], .. foreign[from..(from + length)]]
            : [.. file[..at], .. foreign[from..(from + length)], .. file[Math.Min(file.Length, at + length)..]];
    }

    private static byte[] Record(byte[] file, List<int> starts, Random random)
    {
        int record = random.Next(starts.Count);
        return file[starts[record]..(record + 1 < starts.Count ? starts[record + 1] : file.Length)];
    }

    private static byte[] Put(byte[] file, List<int> starts, byte[] record, Random random)
    {
        int at = Math.Min(starts[random.Next(starts.Count)], file.Length);
        return random.Next(2) == 0 ? [.. file[..at], .. record, .. file[at..]] : [.. file[..at], .. record, .. file[Math.Min(file.Length, at + record.Length)..]];
    }

    private static byte[] Swap(byte[] file, byte[] valid, List<int> starts, Random random)
    {
        int first = random.Next(starts.Count - 2), second = random.Next(first + 1, starts.Count - 1);
        if (file.Length != valid.Length)
            return file;
        return [.. file[..starts[first]], .. file[starts[second]..starts[second + 1]], .. file[starts[first + 1]..starts[second]],
            .. file[starts[first]..starts[first + 1]], .. file[starts[second + 1]..]];
    }

    private static byte[] SetLength(byte[] file, List<int> starts, Random random) => SetInt(file, starts[random.Next(starts.Count)] + 4, random);

    private static byte[] SetInnerLength(byte[] file, List<int> starts, Random random) =>
        SetInt(file, starts[random.Next(starts.Count)] + SpoolFormat.RecordHeaderLength + 5, random);

    private static byte[] SetInt(byte[] file, int at, Random random)
    {
        if (at + 4 <= file.Length)
            BinaryPrimitives.WriteInt32LittleEndian(file.AsSpan(at), random.Next(6) switch
            {
                0 => -1,
                1 => int.MaxValue,
                2 => int.MinValue,
                3 => 0,
                4 => file.Length - at,
                _ => random.Next(2000),
            });
        return file;
    }

    private static byte[] Insert(byte[] file, Random random)
    {
        byte[] noise = new byte[random.Next(1, 50)];
        random.NextBytes(noise);
        if (noise.Length >= 4 && random.Next(2) == 0)
            BinaryPrimitives.WriteUInt32LittleEndian(noise, SpoolFormat.Marker);
        int at = random.Next(file.Length + 1);
        return [.. file[..at], .. noise, .. file[at..]];
    }
}

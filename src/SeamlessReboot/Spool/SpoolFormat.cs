using System.Numerics;
using System.Runtime.InteropServices;

namespace SeamlessReboot.Spool;

/// <summary>
/// The bytes of a spool file, little-endian: 8 bytes magic, 16 bytes nonce, then records. A record is a marker, the length of
/// its body, the checksum of its body, and the body. The checksum starts from the nonce, so a record of another spool never
/// passes for one of this; the marker lets a reader go on behind a damaged record.
/// </summary>
internal static class SpoolFormat
{
    internal const int NonceLength = 16, FileHeaderLength = 24, RecordHeaderLength = 12;
    internal const uint Marker = 0x5EA3_1E55;

    /// <summary>Written while everyone holds still before an exec: nobody has run since, so its bytes are those to go on with.</summary>
    internal const string RebootName = "reboot.spool";

    /// <summary>Written while everyone holds still for a moment: people have gone on since, so of its bytes only what is still true counts.</summary>
    internal const string CheckpointName = "checkpoint.spool";

    /// <summary>The sessions that were added or saved since the checkpoint, each as it was then. It grows, so it has no last record.</summary>
    internal const string AddedName = "added.spool";

    internal const string BesideName = "new.spool";

    /// <summary>The last byte is the version of the format.</summary>
    internal static ReadOnlySpan<byte> Magic => "SLREBT\0\x02"u8;

    // As random as a nonce of the cryptographic classes (122 bits from the kernel), without the milliseconds that loading those takes.
    internal static byte[] NewNonce() => Guid.NewGuid().ToByteArray();

    internal static uint Seed(ReadOnlySpan<byte> nonce) => Checksum(uint.MaxValue, nonce);

    internal static uint Checksum(uint seed, ReadOnlySpan<byte> bytes)
    {
        uint crc = seed;
        foreach (ulong eight in MemoryMarshal.Cast<byte, ulong>(bytes))
            crc = BitOperations.Crc32C(crc, eight);
        foreach (byte one in bytes[(bytes.Length & ~7)..])
            crc = BitOperations.Crc32C(crc, one);
        return crc;
    }
}

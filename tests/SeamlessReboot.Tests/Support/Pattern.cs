namespace SeamlessReboot.Tests.Support;

/// <summary>An endless stream of bytes in which each position can be told: what is lost, doubled or swapped is seen.</summary>
internal static class Pattern
{
    internal static byte[] Bytes(long from, int count)
    {
        byte[] bytes = new byte[count];
        for (int i = 0; i < count; i++)
            bytes[i] = At(from + i);
        return bytes;
    }

    internal static byte At(long position)
    {
        ulong mixed = (ulong)position * 0x9E37_79B9_7F4A_7C15;
        return (byte)(mixed >> 56 ^ mixed >> 24);
    }

    /// <summary>The first position that is wrong, or -1.</summary>
    internal static long FirstWrong(ReadOnlySpan<byte> bytes, long from)
    {
        for (int i = 0; i < bytes.Length; i++)
            if (bytes[i] != At(from + i))
                return from + i;
        return -1;
    }
}

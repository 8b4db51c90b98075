using System.Buffers.Binary;

namespace SeamlessReboot.Posix;

/// <summary>
/// How many bytes this side has taken from a TCP connection and given to it, by the kernel's own count: so a process can tell what
/// one before it did after its last word.
/// </summary>
internal sealed class SocketProgress
{
    private const int Tcp = 6, TcpInfo = 11, InfoLength = 136; // IPPROTO_TCP, TCP_INFO
    private const int BytesAcked = 120, BytesReceived = 128;
    private const nint InputQueue = 0x541B, OutputQueue = 0x5411; // FIONREAD, SIOCOUTQ
    private const int Tries = 8;

    private SocketProgress(ulong taken, ulong given)
    {
        Taken = taken;
        Given = given;
    }

    internal ulong Taken { get; }

    internal ulong Given { get; }

    /// <summary>Null where the kernel does not count: no TCP, or before Linux 4.2.</summary>
    internal static unsafe SocketProgress? Of(int fd)
    {
        byte* before = stackalloc byte[InfoLength];
        byte* after = stackalloc byte[InfoLength];
        for (int i = 0; i < Tries; i++)
        {
            int input = 0, output = 0;
            if (!Read(fd, before) || Libc.Ioctl(fd, InputQueue, &input) != 0 || Libc.Ioctl(fd, OutputQueue, &output) != 0 || !Read(fd, after))
                return null;
            ulong received = *(ulong*)(after + BytesReceived), acked = *(ulong*)(after + BytesAcked);
            if (received != *(ulong*)(before + BytesReceived) || acked != *(ulong*)(before + BytesAcked) || *before != *after)
                continue; // the peer has sent or taken something in between
            // A FIN counts as a byte that was received, and nobody takes it.
            ulong end = *after is 6 or 7 or 8 or 9 or 11 ? 1UL : 0; // TIME_WAIT, CLOSE, CLOSE_WAIT, LAST_ACK, CLOSING
            return new SocketProgress(received - end - (ulong)input, acked + (ulong)output);
        }

        return null;
    }

    /// <summary>Null when these bytes are none.</summary>
    internal static SocketProgress? Decode(ReadOnlySpan<byte> bytes) => bytes.Length == 16
        ? new SocketProgress(BinaryPrimitives.ReadUInt64LittleEndian(bytes), BinaryPrimitives.ReadUInt64LittleEndian(bytes[8..]))
        : null;

    internal byte[] Encode()
    {
        byte[] bytes = new byte[16];
        BinaryPrimitives.WriteUInt64LittleEndian(bytes, Taken);
        BinaryPrimitives.WriteUInt64LittleEndian(bytes.AsSpan(8), Given);
        return bytes;
    }

    private static unsafe bool Read(int fd, byte* info)
    {
        int length = InfoLength;
        return Libc.GetSockOpt(fd, Tcp, TcpInfo, info, &length) == 0 && length == InfoLength;
    }
}

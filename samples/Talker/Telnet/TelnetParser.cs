using System.Buffers;

namespace Talker.Telnet;

/// <summary>
/// Finds whole lines and whole IAC sequences. It remembers nothing: what is unfinished stays unread in the connection, and so
/// comes through a reboot without anybody's doing.
/// </summary>
internal static class TelnetParser
{
    private const byte CarriageReturn = (byte)'\r', LineFeed = (byte)'\n', Null = 0;

    /// <param name="unread">From the beginning of a line.</param>
    /// <param name="scanned">How much of it was looked at before; the sequences in there have been acted on.</param>
    public static TelnetItem Next(ReadOnlySequence<byte> unread, int scanned)
    {
        ReadOnlySpan<byte> bytes = Span(unread);
        int at = scanned;
        while (at < bytes.Length)
        {
            int length = 1;
            if (bytes[at] == Iac.Escape)
            {
                length = SequenceLength(bytes[at..]);
                if (length == 0)
                    break;
                if (bytes[at + 1] != Iac.Escape)
                    return new TelnetItem(TelnetItemKind.Sequence, at, at + length);
            }
            else if (bytes[at] == LineFeed)
            {
                return new TelnetItem(TelnetItemKind.Line, 0, at + 1);
            }
            else if (bytes[at] == CarriageReturn)
            {
                if (at + 1 == bytes.Length)
                    break;
                // CR NUL is what a client in character mode sends for the return key.
                if (bytes[at + 1] is LineFeed or Null)
                    return new TelnetItem(TelnetItemKind.Line, 0, at + 2);
            }

            at += length;
        }

        return new TelnetItem(TelnetItemKind.Unfinished, 0, at);
    }

    /// <summary>The bytes of a line that are text: without sequences, and IAC IAC as the one byte that it stands for.</summary>
    public static byte[] Text(ReadOnlySequence<byte> line)
    {
        ReadOnlySpan<byte> bytes = Span(line);
        byte[] text = new byte[bytes.Length];
        int length = 0;
        for (int at = 0; at < bytes.Length;)
        {
            int sequence = bytes[at] == Iac.Escape ? SequenceLength(bytes[at..]) : 0;
            if (sequence == 0 || bytes[at + 1] == Iac.Escape)
                text[length++] = bytes[at];
            at += Math.Max(1, sequence);
        }

        return text[..length];
    }

    /// <summary>What stands between the frame of a subnegotiation, IAC IAC undone.</summary>
    public static byte[] Payload(ReadOnlySpan<byte> sequence)
    {
        List<byte> payload = [];
        for (int at = 2; at < sequence.Length - 2; at++)
        {
            payload.Add(sequence[at]);
            if (sequence[at] == Iac.Escape)
                at++;
        }

        return [.. payload];
    }

    /// <returns>0 when its end is not there yet.</returns>
    private static int SequenceLength(ReadOnlySpan<byte> bytes)
    {
        if (bytes.Length < 2)
            return 0;
        if (bytes[1] is >= Iac.Will and <= Iac.Dont)
            return bytes.Length < 3 ? 0 : 3;
        if (bytes[1] != Iac.Begin)
            return 2;
        for (int at = 2; at + 1 < bytes.Length; at++)
        {
            if (bytes[at] != Iac.Escape)
                continue;
            if (bytes[at + 1] == Iac.End)
                return at + 2;
            at++;
        }

        return 0;
    }

    private static ReadOnlySpan<byte> Span(ReadOnlySequence<byte> bytes) => bytes.IsSingleSegment ? bytes.FirstSpan : bytes.ToArray();
}

using System.Text;
using Talker.Telnet;

namespace Talker.Demo;

/// <summary>The client's end of telnet: takes bytes as they come, gives lines and prompts, and answers what it is asked.</summary>
internal sealed class TelnetClient(string terminal, ushort width, ushort height)
{
    private static readonly UTF8Encoding _strict = new(encoderShouldEmitUTF8Identifier: false, throwOnInvalidBytes: true);
    private readonly List<byte> _text = [];
    private readonly List<byte> _sequence = [];

    /// <summary>All that the server has negotiated, in order.</summary>
    public List<string> Negotiated { get; } = [];

    /// <summary>What a client sends that wants its window's size known. A width of 255 has to be doubled like any IAC.</summary>
    public byte[] WindowSize => [Iac.Escape, Iac.Begin, Iac.WindowSize,
        .. new byte[] { (byte)(width >> 8), (byte)width, (byte)(height >> 8), (byte)height }.SelectMany(b => b == Iac.Escape ? new[] { b, b } : [b]),
        Iac.Escape, Iac.End];

    /// <param name="bytes">What has arrived.</param>
    /// <param name="onLine">Is given each line without its end, and each prompt.</param>
    /// <returns>What to answer.</returns>
    /// <exception cref="InvalidDataException">Bytes that no talker would send.</exception>
    public byte[] Take(ReadOnlySpan<byte> bytes, Action<string> onLine)
    {
        List<byte> answer = [];
        foreach (byte b in bytes)
        {
            if (_sequence.Count > 0 || b == Iac.Escape)
            {
                _sequence.Add(b);
                if (IsWhole(_sequence))
                {
                    answer.AddRange(Answer([.. _sequence], onLine));
                    _sequence.Clear();
                }
            }
            else
            {
                _text.Add(b);
                if (b == '\n')
                    onLine(TakeText(end: "\r\n"));
            }
        }

        return [.. answer];
    }

    private static bool IsWhole(List<byte> sequence) => sequence.Count >= 2 && sequence[1] switch
    {
        Iac.Begin => sequence.Count >= 4 && sequence[^2] == Iac.Escape && sequence[^1] == Iac.End,
        >= Iac.Will and <= Iac.Dont => sequence.Count == 3,
        _ => true,
    };

    private string TakeText(string end)
    {
        string text = _strict.GetString(_text.ToArray());
        _text.Clear();
        return text.EndsWith(end, StringComparison.Ordinal) ? text[..^end.Length]
            : throw new InvalidDataException($"'{text}' does not end as a line does.");
    }

    private byte[] Answer(byte[] sequence, Action<string> onLine)
    {
        if (sequence[1] == Iac.GoAhead)
        {
            onLine(TakeText(end: ""));
            return [];
        }

        Negotiated.Add(string.Join(' ', sequence[1..]));
        return sequence switch
        {
            [_, Iac.Do, Iac.TerminalType] => [Iac.Escape, Iac.Will, Iac.TerminalType],
            [_, Iac.Do, Iac.WindowSize] => [Iac.Escape, Iac.Will, Iac.WindowSize, .. WindowSize],
            [_, Iac.Begin, Iac.TerminalType, Iac.TerminalTypeSend, ..] => [Iac.Escape, Iac.Begin, Iac.TerminalType, Iac.TerminalTypeIs,
                .. Encoding.ASCII.GetBytes(terminal), Iac.Escape, Iac.End],
            [_, Iac.Will, Iac.Echo] => [Iac.Escape, Iac.Do, Iac.Echo],
            [_, Iac.Wont, Iac.Echo] => [Iac.Escape, Iac.Dont, Iac.Echo],
            [_, Iac.Wont, _] => [],
            _ => throw new InvalidDataException($"A client is not asked for {string.Join(' ', sequence)}."),
        };
    }
}

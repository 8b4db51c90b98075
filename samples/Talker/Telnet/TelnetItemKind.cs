namespace Talker.Telnet;

/// <summary>What a client's bytes hold next.</summary>
internal enum TelnetItemKind
{
    /// <summary>Half a line, half a sequence, or nothing at all.</summary>
    Unfinished,

    /// <summary>A whole IAC sequence.</summary>
    Sequence,

    /// <summary>A whole line, with whatever sequences lie inside it.</summary>
    Line,
}

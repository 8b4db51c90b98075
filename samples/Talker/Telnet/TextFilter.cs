using System.Text;

namespace Talker.Telnet;

/// <summary>Makes of what a client has typed what others may see: no character may move their cursor or turn their text round.</summary>
internal static class TextFilter
{
    private const char Backspace = '\b', Delete = '\x7f';

    public static string Clean(byte[] typed) => Clean(Encoding.UTF8.GetString(typed));

    public static string Clean(string typed)
    {
        StringBuilder clean = new(typed.Length);
        foreach (Rune rune in typed.EnumerateRunes())
        {
            if (rune.Value is Backspace or Delete)
                RemoveLast(clean);
            else if (rune.Value == '\t')
                clean.Append(' ');
            else if (!Rune.IsControl(rune) && !IsLineBreak(rune) && !IsDirection(rune))
                clean.Append(rune.ToString());
        }

        return clean.ToString().TrimEnd();
    }

    private static bool IsLineBreak(Rune rune) => rune.Value is 0x2028 or 0x2029;

    private static bool IsDirection(Rune rune) => rune.Value is (>= 0x202A and <= 0x202E) or (>= 0x2066 and <= 0x2069);

    private static void RemoveLast(StringBuilder text)
    {
        if (text.Length > 0)
            text.Length -= text.Length > 1 && char.IsLowSurrogate(text[^1]) ? 2 : 1;
    }
}

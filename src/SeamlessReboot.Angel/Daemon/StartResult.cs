using System.Globalization;

namespace SeamlessReboot.Angel.Daemon;

/// <summary>How the start of a daemon went, as it goes through the pipe: a line, and the text below it.</summary>
internal sealed record StartResult(bool IsReady, int ExitCode, string Text)
{
    internal string ToText() => string.Create(CultureInfo.InvariantCulture, $"{(IsReady ? "READY" : "FAILED")} {ExitCode}\n{Text}");

    /// <returns>Null when it is none: the angel died before it could say.</returns>
    internal static StartResult? Parse(string text)
    {
        int end = text.IndexOf('\n', StringComparison.Ordinal);
        if (end < 0)
            return null;
        string[] words = text[..end].Split(' ');
        return words.Length == 2 && words[0] is "READY" or "FAILED" && int.TryParse(words[1], NumberStyles.None, CultureInfo.InvariantCulture, out int code)
            ? new StartResult(words[0] == "READY", code, text[(end + 1)..])
            : null;
    }
}

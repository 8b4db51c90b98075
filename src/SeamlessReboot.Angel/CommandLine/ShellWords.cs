using System.Text;

namespace SeamlessReboot.Angel.CommandLine;

/// <summary>Splits a command into words as a shell does: blanks, '...', "..." and \. Nothing is replaced, and no shell is run.</summary>
internal static class ShellWords
{
    /// <exception cref="FormatException">A quote is not closed, or a backslash is the last character.</exception>
    internal static IReadOnlyList<string> Split(string text)
    {
        List<string> words = [];
        StringBuilder? word = null;
        char quote = '\0';
        for (int i = 0; i < text.Length; i++)
        {
            char c = text[i];
            if (quote != '\0' && c == quote)
            {
                quote = '\0';
            }
            else if (c == '\\' && quote != '\'')
            {
                if (++i == text.Length)
                    throw new FormatException("it ends with a backslash that escapes nothing");
                // Inside "..." a backslash is itself, but for the few characters that mean something there.
                (word ??= new()).Append(quote == '"' && text[i] is not ('"' or '\\' or '$' or '`') ? $"\\{text[i]}" : text[i].ToString());
            }
            else if (quote == '\0' && c is '\'' or '"')
            {
                quote = c;
                word ??= new();
            }
            else if (quote == '\0' && char.IsWhiteSpace(c))
            {
                Finish(words, ref word);
            }
            else
            {
                (word ??= new()).Append(c);
            }
        }

        if (quote != '\0')
            throw new FormatException($"a quote ({quote}) is not closed");
        Finish(words, ref word);
        return words;
    }

    /// <summary>The words as a line that <see cref="Split"/>, and a shell, read as the same words.</summary>
    internal static string Join(IEnumerable<string> words) => string.Join(' ', words.Select(Quote));

    private static string Quote(string word) =>
        word.Length > 0 && word.All(c => char.IsAsciiLetterOrDigit(c) || "_-./:=+,@%".Contains(c, StringComparison.Ordinal))
            ? word
            : $"'{word.Replace("'", "'\\''", StringComparison.Ordinal)}'";

    private static void Finish(List<string> words, ref StringBuilder? word)
    {
        if (word is not null)
            words.Add(word.ToString());
        word = null;
    }
}

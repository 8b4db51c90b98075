namespace SeamlessReboot.DocTests;

/// <summary>A fenced block of a Markdown file.</summary>
/// <param name="Language">What stands behind the opening fence.</param>
/// <param name="Line">The number of the opening line, from 1.</param>
/// <param name="Mark">What the comment line before it names, such as "samples/X/Program.cs#start", or null.</param>
/// <param name="Text">The lines inside.</param>
/// <param name="Comment">What the comment line before it says, or null.</param>
internal sealed record Fence(string Language, int Line, string? Mark, string[] Text, string? Comment)
{
    private const string CommentStart = "<!-- ";
    private const string MarkStart = "<!-- snippet: ";
    private const string MarkEnd = " -->";

    public static List<Fence> ReadAll(string[] markdown)
    {
        List<Fence> fences = [];
        for (int i = 0; i < markdown.Length; i++)
        {
            if (!markdown[i].TrimStart().StartsWith("```", StringComparison.Ordinal))
                continue;
            int end = Array.FindIndex(markdown, i + 1, line => line.TrimStart().StartsWith("```", StringComparison.Ordinal));
            if (end < 0)
                throw new InvalidDataException($"The fence of line {i + 1} has no end.");
            fences.Add(new Fence(markdown[i].TrimStart()[3..].Trim(), i + 1, MarkOf(markdown, i - 1), markdown[(i + 1)..end], CommentOf(markdown, i - 1)));
            i = end;
        }

        return fences;
    }

    private static string? MarkOf(string[] markdown, int line) =>
        line >= 0 && markdown[line].StartsWith(MarkStart, StringComparison.Ordinal) && markdown[line].EndsWith(MarkEnd, StringComparison.Ordinal)
            ? markdown[line][MarkStart.Length..^MarkEnd.Length]
            : null;

    private static string? CommentOf(string[] markdown, int line) =>
        line >= 0 && markdown[line].StartsWith(CommentStart, StringComparison.Ordinal) && markdown[line].EndsWith(MarkEnd, StringComparison.Ordinal)
            ? markdown[line][CommentStart.Length..^MarkEnd.Length]
            : null;
}

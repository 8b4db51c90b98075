namespace SeamlessReboot.DocTests;

/// <summary>Finds the lines of a source file that an excerpt shows.</summary>
internal static class Snippet
{
    private const string Start = "// snippet: ";
    private const string End = "// end snippet";

    /// <param name="mark">"path" for the whole file, "path#name" for a region of it.</param>
    public static string[] Read(string mark)
    {
        string[] parts = mark.Split('#');
        string[] lines = File.ReadAllLines(Repository.PathOf(parts[0]));
        if (parts.Length > 1)
        {
            int start = Array.FindIndex(lines, line => line.Trim() == Start + parts[1]);
            int end = start < 0 ? -1 : Array.FindIndex(lines, start, line => line.Trim() == End);
            if (end < 0)
                throw new InvalidDataException($"{parts[0]} has no region '{parts[1]}'.");
            lines = lines[(start + 1)..end];
        }

        return Unindent([.. lines.Where(line => !line.TrimStart().StartsWith(Start, StringComparison.Ordinal) && line.Trim() != End)]);
    }

    private static string[] Unindent(string[] lines)
    {
        int indent = lines.Where(line => line.Length > 0).Min(line => line.Length - line.TrimStart().Length);
        return [.. lines.Select(line => line.Length > 0 ? line[indent..].TrimEnd() : line)];
    }
}

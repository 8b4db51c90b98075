namespace Talker;

/// <summary>Text for people to read.</summary>
internal static class Layout
{
    private const int Narrowest = 20;

    /// <summary>Breaks a paragraph at spaces. Too narrow a width, or none, means: leave it to the client.</summary>
    public static IEnumerable<string> Wrap(string text, int width)
    {
        if (width < Narrowest)
        {
            yield return text;
            yield break;
        }

        int start = 0;
        while (text.Length - start >= width)
        {
            int space = text.LastIndexOf(' ', start + width - 1, width);
            if (space <= start)
                space = text.IndexOf(' ', start + width - 1);
            if (space < 0)
                break;
            yield return text[start..space];
            start = space + 1;
        }

        yield return text[start..];
    }

    /// <summary>A span of time, as rough as one says it.</summary>
    public static string Rough(TimeSpan time) => time switch
    {
        { TotalDays: >= 2 } => $"{(int)time.TotalDays} days",
        { TotalHours: >= 2 } => $"{(int)time.TotalHours} hours",
        { TotalMinutes: >= 2 } => $"{(int)time.TotalMinutes} minutes",
        _ => $"{(int)time.TotalSeconds} seconds",
    };

    public static string List(IEnumerable<string> names) => string.Join(", ", names);
}

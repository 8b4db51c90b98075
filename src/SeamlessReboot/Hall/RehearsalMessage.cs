using System.Globalization;
using System.Text;

namespace SeamlessReboot;

/// <summary>What a rehearsal says at its end, as a line of text. Ticks are those of the Stopwatch, which all processes share.</summary>
internal sealed record RehearsalMessage
{
    private const string Prefix = "SEAMLESSREBOOT rehearsed ";

    public long StartedAt { get; init; }

    public long RegisteredAt { get; init; }

    public long ReadyAt { get; init; }

    public int SessionsLoaded { get; init; }

    public IReadOnlyList<LostSession> SessionsNotLoaded { get; init; } = [];

    /// <summary>Why it did not come to the end of Ready; null when it did.</summary>
    public string? Failure { get; init; }

    /// <summary>It failed at something that the process beside it has, and that only one can have.</summary>
    public bool IsConflict { get; init; }

    internal string Encode() => Prefix + string.Join(';', Text(StartedAt), Text(RegisteredAt), Text(ReadyAt), Text(SessionsLoaded),
        Failure is null ? "" : "!" + Hidden(Failure), IsConflict ? "conflict" : "",
        string.Join(',', SessionsNotLoaded.Select(s => $"{Text(s.Id)}:{Hidden(s.Reason)}:{Hidden(s.Kind)}")));

    /// <summary>Null when the line is none of these.</summary>
    internal static RehearsalMessage? Decode(string line)
    {
        if (!line.StartsWith(Prefix, StringComparison.Ordinal) || line[Prefix.Length..].Split(';') is not { Length: 7 } parts)
            return null;
        try
        {
            return new RehearsalMessage
            {
                StartedAt = Number(parts[0]),
                RegisteredAt = Number(parts[1]),
                ReadyAt = Number(parts[2]),
                SessionsLoaded = (int)Number(parts[3]),
                Failure = parts[4].Length == 0 ? null : Shown(parts[4][1..]),
                IsConflict = parts[5].Length > 0,
                SessionsNotLoaded = [.. parts[6].Split(',', StringSplitOptions.RemoveEmptyEntries).Select(Session)],
            };
        }
        catch (Exception e) when (e is FormatException or OverflowException or IndexOutOfRangeException)
        {
            return null;
        }
    }

    private static LostSession Session(string text)
    {
        string[] parts = text.Split(':');
        return new LostSession(Number(parts[0]), Shown(parts[1]), null, Shown(parts[2]));
    }

    // Free text may hold the separators.
    private static string Hidden(string text) => Convert.ToBase64String(Encoding.UTF8.GetBytes(text));

    private static string Shown(string hidden) => Encoding.UTF8.GetString(Convert.FromBase64String(hidden));

    private static string Text(long number) => number.ToString(CultureInfo.InvariantCulture);

    private static long Number(string text) => long.Parse(text, NumberStyles.AllowLeadingSign, CultureInfo.InvariantCulture);
}

using System.Globalization;

namespace SeamlessReboot.CrashTests.Load;

/// <summary>What the clients saw.</summary>
internal sealed record LoadReport
{
    public required int Clients { get; init; }

    /// <summary>Who still has the connection it came with.</summary>
    public required int Connected { get; init; }

    public required long Answers { get; init; }

    /// <summary>Lines that a death has taken with it. Others that are not answered are failures.</summary>
    public required long LinesLost { get; init; }

    /// <summary>How many answered lines of one client a death has taken back at most: what was newer than the checkpoint.</summary>
    public required long MostForgotten { get; init; }

    /// <summary>The longest that anybody waited for an answer.</summary>
    public required TimeSpan Slowest { get; init; }

    public required int Newcomers { get; init; }

    public required int NewcomersServed { get; init; }

    public required TimeSpan SlowestNewcomer { get; init; }

    public required IReadOnlyList<Death> Deaths { get; init; }

    public required int FailureCount { get; init; }

    public required IReadOnlyList<string> Failures { get; init; }

    public override string ToString()
    {
        string deaths = string.Join(' ', Deaths.Select(d => d.ToFirstAnswer is TimeSpan t ? Milliseconds(t) : "never"));
        string text = $"{Connected} of {Clients} clients connected, {Answers} lines answered, {LinesLost} lost in flight, at most {MostForgotten} of a client forgotten, slowest answer {Milliseconds(Slowest)} ms; "
            + $"{NewcomersServed} of {Newcomers} newcomers served, slowest {Milliseconds(SlowestNewcomer)} ms";
        if (Deaths.Count > 0)
            text += $"; {Deaths.Count} deaths, to the first answer after each (ms): {deaths}";
        return FailureCount == 0 ? text : $"{text}\n{FailureCount} failures:\n{string.Join('\n', Failures)}";
    }

    private static string Milliseconds(TimeSpan time) => time.TotalMilliseconds.ToString("0", CultureInfo.InvariantCulture);
}

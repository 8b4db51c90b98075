namespace Talker.Players;

/// <summary>A text in the editor.</summary>
internal sealed class Draft
{
    public DraftKind Kind { get; init; }

    /// <summary>For mail: the name it goes to.</summary>
    public string To { get; init; } = "";

    public List<string> Lines { get; init; } = [];

    public override string ToString() =>
        $"{(Kind == DraftKind.Mail ? "mail to " + To : "a description")}, {Lines.Count} {(Lines.Count == 1 ? "line" : "lines")} so far";
}

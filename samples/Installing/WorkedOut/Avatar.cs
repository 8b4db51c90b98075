namespace WorkedOut;

/// <summary>A player in the game.</summary>
internal sealed class Avatar
{
    public string? Name { get; set; }

    public int Count { get; set; }
}

namespace GameLoop;

/// <summary>What the game knows of one player.</summary>
internal sealed class PlayerState
{
    public string? Name { get; set; } // null: still at the login prompt

    public int Count { get; set; }
}

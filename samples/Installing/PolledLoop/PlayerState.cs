namespace PolledLoop;

/// <summary>What crosses the reboot of one client, besides its bytes.</summary>
internal sealed class PlayerState
{
    public string? Name { get; set; } // null: still at the login prompt

    public bool Greeted { get; set; }

    public int Count { get; set; }
}

namespace GateLoop;

/// <summary>What the server knows of one client.</summary>
internal sealed class GuestState
{
    public string? Name { get; set; } // null: still at the login prompt

    public int Count { get; set; }
}

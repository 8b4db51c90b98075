namespace WorkedOut;

/// <summary>The game itself. Touched on its own thread only.</summary>
internal sealed class World
{
    public WorldState State { get; set; } = new();
}

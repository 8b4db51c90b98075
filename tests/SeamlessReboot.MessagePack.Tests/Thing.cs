namespace MessagePackTests;

/// <summary>A member that has several types, the safe way.</summary>
[MessagePackObject]
[Union(0, typeof(Sword))]
[Union(1, typeof(Lamp))]
public abstract class Thing
{
    [MessagePackObject]
    public sealed class Sword : Thing
    {
        [Key(0)]
        public int Edge { get; set; }
    }

    [MessagePackObject]
    public sealed class Lamp : Thing
    {
        [Key(0)]
        public bool IsLit { get; set; }
    }
}

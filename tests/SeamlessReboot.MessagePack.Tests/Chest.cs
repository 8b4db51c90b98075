namespace MessagePackTests;

/// <summary>One member of each kind that MessagePack can hold.</summary>
[MessagePackObject]
public sealed class Chest
{
    [Key("id")]
    public Guid Id { get; set; }

    [Key("count")]
    public long Count { get; set; }

    [Key("share")]
    public float Share { get; set; }

    [Key("weight")]
    public double Weight { get; set; }

    [Key("made")]
    public DateTime Made { get; set; }

    [Key("seal")]
    public byte[] Seal { get; set; } = [];

    [Key("places")]
    public Dictionary<int, string> Places { get; set; } = [];

    [Key("thing")]
    public Treasure? Thing { get; set; }

    [Key("foreign")]
    [MessagePackFormatter(typeof(ExtensionFormatter))]
    public ExtensionResult Foreign { get; set; } = new(42, Array.Empty<byte>());
}

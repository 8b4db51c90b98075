using MessagePack.Formatters;

namespace MessagePackTests;

/// <summary>A typeless member that no resolver knows of.</summary>
[MessagePackObject]
public sealed class Smuggler
{
    [Key(0)]
    [MessagePackFormatter(typeof(TypelessFormatter))]
    public object? Cargo { get; set; }
}

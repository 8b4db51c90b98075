namespace MessagePackTests;

/// <summary>A type that nobody has prepared for MessagePack.</summary>
public sealed class Unmarked
{
    public string? Word { get; set; }
}

namespace MessagePackTests;

[MessagePackObject]
public sealed class Treasure
{
    [Key("worth")]
    public decimal Worth { get; set; }
}

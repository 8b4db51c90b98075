using MessagePack;

namespace MessagePackServer;

/// <summary>What is carried of one session.</summary>
[MessagePackObject(AllowPrivate = true)]
internal sealed class VisitorState
{
    [Key("name")]
    public string? Name { get; set; }

    [Key("said")]
    public List<string> Said { get; set; } = [];
}

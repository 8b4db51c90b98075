using MessagePack;

namespace MessagePackServer;

/// <summary>What is carried of the system: who has come, in what order. Integer-keyed.</summary>
[MessagePackObject(AllowPrivate = true)]
internal sealed class GuestBook
{
    [Key(0)]
    public Dictionary<string, int> Numbers { get; set; } = [];

    public int Sign(string name)
    {
        lock (Numbers)
            return Numbers[name] = Numbers.Count + 1;
    }
}

namespace SeamlessReboot.CrashTests.Load;

/// <summary>A line that a client has sent, or half of it, and that is not yet answered.</summary>
internal sealed class SentLine
{
    private const int LongestFiller = 40;

    private SentLine(long number, string text, int? split)
    {
        Number = number;
        Text = text;
        Split = split;
    }

    public long Number { get; }

    public string Text { get; }

    /// <summary>Where it is cut in two, that are sent one after the other; null if it is sent as a whole.</summary>
    public int? Split { get; }

    /// <summary>When the first of it was sent.</summary>
    public long Begun { get; set; }

    /// <summary>When the last of it was sent.</summary>
    public long Ended { get; set; }

    /// <summary>Each is different, in length too, and every fifth comes in two pieces.</summary>
    public static SentLine Make(string client, long number)
    {
        Random random = new(HashCode.Combine(client.Length, client[^1], number));
        string text = $"{client} {number} {new string((char)('a' + random.Next(26)), random.Next(LongestFiller))}";
        return new SentLine(number, text, number % 5 == 0 ? random.Next(1, text.Length + 1) : null);
    }

    /// <summary>What the next process sees of it, if the one that had read the first piece has died: the rest, as a line of its own.</summary>
    public bool IsTornInto(string text) => Split is int split && Text[split..] == text;
}

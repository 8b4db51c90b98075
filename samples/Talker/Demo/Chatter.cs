using System.Text;
using Talker.Telnet;

namespace Talker.Demo;

/// <summary>Makes up what one player says, and how the bytes of it are torn.</summary>
internal sealed class Chatter(DemoPlayer speaker, Company company, int seed)
{
    // None of them is a command or an exit, so that each may begin a line of plain speech.
    private static readonly string[] _words =
    [
        "soup", "grüße", "naïve", "漢字", "😀", "rain", "…", "çok", "Привет", "42%", "well", "then", "ΑΒΓ", "e\u0301", "so", "tomorrow", "\"quoted\"", "it's",
    ];

    private readonly Random _random = new(seed);
    private int _count;

    public Utterance Next()
    {
        string text = string.Join(' ', Enumerable.Range(0, _random.Next(1, 9)).Select(_ => _words[_random.Next(_words.Length)]))
            + $" [{speaker.Name} {++_count}]";
        Saying kind = _random.Next(10) switch
        {
            < 5 => Saying.Say,
            < 7 => Saying.Emote,
            < 9 => Saying.Tell,
            _ => Saying.Shout,
        };
        DemoPlayer[] others = [.. company.Inside.Where(p => p != speaker)];
        DemoPlayer? to = kind == Saying.Tell ? others[_random.Next(others.Length)] : null;
        byte[] line = Encoding.UTF8.GetBytes(Typed(kind, to, text) + "\r\n");
        int at = _random.Next(line.Length - 1);
        byte[] sequence = Sequence();
        byte[] bytes = [.. line[..at], .. sequence, .. line[at..]];
        List<int> cuts = [.. Enumerable.Range(0, _random.Next(4)).Select(_ => _random.Next(1, bytes.Length))];
        if (sequence.Length > 0)
            cuts.Add(at + _random.Next(1, sequence.Length)); // in the middle of the sequence
        return new Utterance(speaker, kind, to, text, bytes, [.. cuts.Distinct().Order()]);
    }

    private string Typed(Saying kind, DemoPlayer? to, string text) => kind switch
    {
        Saying.Say => _random.Next(3) switch
        {
            0 => text,
            1 => "'" + text,
            _ => "say " + text,
        },
        Saying.Emote => (_random.Next(2) == 0 ? ":" : "emote ") + text,
        Saying.Tell => $"tell {to!.Name.ToLowerInvariant()} {text}",
        _ => "shout " + text,
    };

    private byte[] Sequence() => _random.Next(4) switch
    {
        0 => [Iac.Escape, Iac.NoOperation],
        1 => speaker.Telnet.WindowSize,
        _ => [],
    };
}

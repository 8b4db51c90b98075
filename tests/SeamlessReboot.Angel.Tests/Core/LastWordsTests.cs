using System.Text;
using SeamlessReboot.Angel.Children;

namespace SeamlessReboot.Angel.Tests.Core;

internal sealed class LastWordsTests
{
    [Test]
    public void The_last_twenty_lines_are_kept()
    {
        LastWords words = new();
        for (int i = 0; i < 100; i++)
            Add(words, $"line {i}\n");
        Assert.That(words.Lines, Has.Count.EqualTo(20));
        Assert.That(words.Lines[0], Is.EqualTo("line 80"));
        Assert.That(words.Lines[^1], Is.EqualTo("line 99"));
    }

    [Test]
    public void Lines_may_come_in_pieces_and_the_last_may_have_no_end()
    {
        LastWords words = new();
        foreach (string piece in (string[])["Unhandled ", "exception.\n   at ", "Main", "()\nAbor"])
            Add(words, piece);
        Assert.That(words.Lines, Is.EqualTo(new[] { "Unhandled exception.", "   at Main()", "Abor" }));
    }

    [Test]
    public void A_line_without_end_takes_no_memory()
    {
        LastWords words = new();
        for (int i = 0; i < 1000; i++)
            Add(words, new string('x', 10_000));
        Assert.That(words.Lines[0], Has.Length.EqualTo(1000));
    }

    [Test]
    public void They_cannot_steer_a_terminal()
    {
        LastWords words = new();
        Add(words, "\u001b[2Jgone\r\n");
        Assert.That(words.Lines[0], Is.EqualTo(" [2Jgone"));
    }

    private static void Add(LastWords words, string text) => words.Add(Encoding.UTF8.GetBytes(text));
}

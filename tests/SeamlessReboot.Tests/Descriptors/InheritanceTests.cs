using SeamlessReboot.Descriptors;

namespace SeamlessReboot.Tests.Descriptors;

[Parallelizable(ParallelScope.All)]
internal sealed class InheritanceTests
{
    private static Inheritance Sample() => new()
    {
        Generation = 7,
        Pid = 123,
        StartTime = 456_789_012_345,
        SpoolFd = 42,
        SpoolPath = "/a;b,c:d/ü",
        MemoryFd = 43,
        Previous = "L3Nydi90YWxrZXI+",
        Directory = "/srv/talker;current",
        User = "1000",
        Umask = 0x12,
        IgnoredSignals = 0x1001,
        Nonce = [1, 2, 255, 0],
        Warm = true,
        AfterCrash = true,
        Reason = "crash; of: all, sorts\n\0=",
        FrozenAt = 9_876_543_210_123,
        StageEnds = [1, 2, 3],
        Crashes = [new(1_700_000_000, 0), new(1_700_000_001, 55)],
    };

    private static string Shown(Inheritance note) => note.Encode();

    [Test]
    public void What_was_left_is_taken()
    {
        Inheritance note = Sample(), read = Inheritance.Decode(note.Encode())!;
        Assert.That(read with { Nonce = note.Nonce, StageEnds = note.StageEnds, Crashes = note.Crashes }, Is.EqualTo(note));
        Assert.That(read.Nonce, Is.EqualTo(note.Nonce));
        Assert.That(read.StageEnds, Is.EqualTo(note.StageEnds));
        Assert.That(read.Crashes, Is.EqualTo(note.Crashes));
    }

    [Test]
    public void An_empty_note_and_the_other_flags_come_back_too()
    {
        Inheritance note = Sample() with { Warm = false, AfterCrash = false, Reason = "", StageEnds = [], Crashes = [], Nonce = [] };
        Assert.That(Shown(Inheritance.Decode(note.Encode())!), Is.EqualTo(Shown(note)));
    }

    [Test]
    public void It_fits_into_one_line_of_plain_text() =>
        Assert.That(Sample().Encode().All(c => c is > ' ' and < (char)127));

    [TestCase(null)]
    [TestCase("")]
    [TestCase("1")]
    [TestCase("3;7;123;456;42;;;warm;asked;;1;;")]
    [TestCase("3;x;123;456;42;;;warm;asked;;1;;")]
    [TestCase("3;7;123;456;42;;;warm;asked;;1;;5")]
    [TestCase("3;7;99999999999999999999;456;42;;;warm;asked;;1;;")]
    public void Garbage_is_no_note(string? text) => Assert.That(Inheritance.Decode(text), Is.Null);

    [Test]
    public void No_mutation_makes_it_throw()
    {
        Random random = new(1);
        string valid = Sample().Encode();
        const string Alphabet = ";,:-=0123456789abcXYZ+/ \0ü";
        for (int i = 0; i < 5000; i++)
        {
            List<char> text = [.. valid];
            for (int n = random.Next(1, 6); n > 0 && text.Count > 0; n--)
            {
                int at = random.Next(text.Count);
                switch (random.Next(4))
                {
                    case 0:
                        text[at] = Alphabet[random.Next(Alphabet.Length)];
                        break;
                    case 1:
                        text.Insert(at, Alphabet[random.Next(Alphabet.Length)]);
                        break;
                    case 2:
                        text.RemoveAt(at);
                        break;
                    default:
                        text.RemoveRange(at, random.Next(text.Count - at));
                        break;
                }
            }

            string mutated = string.Concat(text);
            Assert.That(() => Inheritance.Decode(mutated), Throws.Nothing, mutated);
        }
    }
}

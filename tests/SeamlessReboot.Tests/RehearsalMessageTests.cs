namespace SeamlessReboot.Tests;

/// <summary>One line of text between two processes, of which one may be broken.</summary>
[Parallelizable(ParallelScope.All)]
internal sealed class RehearsalMessageTests
{
    private static readonly string[] _texts = ["", " ", ";", ":,;!", "two\nlines\r\n", "größe \U0001F600", "SEAMLESSREBOOT rehearsed ", "\0", new string('x', 5000)];

    [Test]
    public void What_is_encoded_is_decoded_and_is_one_line([Values(0, 1, 3, 1000)] int lost, [Values] bool isFailed)
    {
        for (int i = 0; i < _texts.Length; i++)
        {
            RehearsalMessage message = new()
            {
                StartedAt = long.MaxValue - i,
                RegisteredAt = i,
                ReadyAt = -i,
                SessionsLoaded = int.MaxValue - i,
                SessionsNotLoaded = [.. Enumerable.Range(0, lost).Select(n => new LostSession(long.MaxValue - n, _texts[(n + i) % _texts.Length], null, _texts[n % _texts.Length]))],
                Failure = isFailed ? _texts[i] : null,
                IsConflict = isFailed && i % 2 == 0,
            };
            string line = message.Encode();
            Assert.That(line, Does.Not.Contain('\n').And.Not.Contain('\r'));
            RehearsalMessage read = RehearsalMessage.Decode(line)!;
            Assert.Multiple(() =>
            {
                Assert.That(read with { SessionsNotLoaded = [] }, Is.EqualTo(message with { SessionsNotLoaded = [] }));
                Assert.That(read.SessionsNotLoaded.Select(Text), Is.EqualTo(message.SessionsNotLoaded.Select(Text)));
            });
        }
    }

    [TestCase("")]
    [TestCase("ready")]
    [TestCase("SEAMLESSREBOOT rehearsed")]
    [TestCase("SEAMLESSREBOOT rehearsed ;;;;;;")]
    [TestCase("SEAMLESSREBOOT rehearsed 1;2;3;4;!*;;")]
    [TestCase("SEAMLESSREBOOT rehearsed 1;2;3;4;;;5")]
    [TestCase("SEAMLESSREBOOT rehearsed 1;2;3;4;;;5:YQ==")]
    [TestCase("SEAMLESSREBOOT rehearsed 99999999999999999999;2;3;4;;;")]
    [TestCase("seamlessreboot rehearsed 1;2;3;4;;;")]
    public void Another_line_is_none(string line) => Assert.That(RehearsalMessage.Decode(line), Is.Null);

    [Test]
    public void A_line_that_is_damaged_anywhere_is_read_or_refused_and_throws_nothing()
    {
        Random random = new(4711);
        string line = new RehearsalMessage
        {
            StartedAt = 1234,
            RegisteredAt = 2345,
            ReadyAt = 3456,
            SessionsLoaded = 7,
            Failure = "It failed; it is broken.",
            IsConflict = true,
            SessionsNotLoaded = [new LostSession(1, "no such room", null, "player"), new LostSession(2, "no such sword", null, "player")],
        }.Encode();
        for (int i = 0; i < 100_000; i++)
        {
            char[] damaged = line.ToCharArray();
            for (int hits = random.Next(1, 4); hits > 0; hits--)
                damaged[random.Next(damaged.Length)] = (char)(random.Next(4) == 0 ? random.Next(0x10000) : ";:,!=-0A"[random.Next(8)]);
            string text = new(damaged, 0, random.Next(3) == 0 ? random.Next(damaged.Length) : damaged.Length);
            Assert.That(() => RehearsalMessage.Decode(text), Throws.Nothing, text);
        }
    }

    private static string Text(LostSession session) => $"{session.Id} {session.Reason} {session.Kind} {session.StateFile}";
}

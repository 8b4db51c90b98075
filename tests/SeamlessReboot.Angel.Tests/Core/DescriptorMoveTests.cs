using SeamlessReboot.Angel.Posix;

namespace SeamlessReboot.Angel.Tests.Core;

/// <summary>Descriptors come to their places whatever numbers they have, and none overwrites another on the way.</summary>
internal sealed class DescriptorMoveTests
{
    [TestCase(new int[0])]
    [TestCase(new[] { 3 })]
    [TestCase(new[] { 3, 4, 5 })]
    [TestCase(new[] { 10, 11, 12 })]
    [TestCase(new[] { 4, 3 })]
    [TestCase(new[] { 4, 5, 3 })]
    [TestCase(new[] { 5, 4, 3, 7, 6 })]
    [TestCase(new[] { 4, 5, 6, 20 })]
    [TestCase(new[] { 20, 3, 4, 5 })]
    public void All_come_to_their_places(int[] sources) => Check(sources);

    [Test]
    public void All_come_to_their_places_however_they_are_mixed()
    {
        Random random = new(3);
        for (int round = 0; round < 2000; round++)
        {
            int[] numbers = [.. Enumerable.Range(3, 30)];
            random.Shuffle(numbers);
            Check(numbers[..random.Next(numbers.Length)]);
        }
    }

    [Test]
    public void Twenty_thousand_are_quick()
    {
        int[] numbers = [.. Enumerable.Range(40, 20_000)];
        Check(numbers);
        new Random(1).Shuffle(numbers);
        Check(numbers);
    }

    private static void Check(int[] sources)
    {
        Dictionary<int, int> open = sources.ToDictionary(fd => fd, fd => fd); // number -> what it is of
        foreach (DescriptorMove move in DescriptorMove.Plan(sources, 3))
        {
            Assert.That(open, Contains.Key(move.From));
            if (move.To < 0)
                open.Remove(move.From);
            else
                open[move.To] = open[move.From];
        }

        for (int i = 0; i < sources.Length; i++)
            if (open[3 + i] != sources[i])
                Assert.Fail($"{string.Join(' ', sources)}: place {3 + i} has {open[3 + i]}.");
        Assert.That(open.Keys.Except(sources).Except(Enumerable.Range(3, sources.Length)), Is.Empty, "nothing else is left open");
    }
}

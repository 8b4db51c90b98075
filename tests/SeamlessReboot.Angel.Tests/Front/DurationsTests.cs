using SeamlessReboot.Angel.CommandLine;

namespace SeamlessReboot.Angel.Tests.Front;

internal sealed class DurationsTests
{
    [TestCase("500ms", 0.5)]
    [TestCase("30s", 30)]
    [TestCase("2m", 120)]
    [TestCase("2min", 120)]
    [TestCase("1h", 3600)]
    [TestCase("1d", 86400)]
    [TestCase("1m30s", 90)]
    [TestCase("1h 2m", 3720)]
    [TestCase("7", 7)]
    [TestCase("0", 0)]
    [TestCase("1.5", 1.5)]
    [TestCase("0.25s", 0.25)]
    public void People_write_durations_in_many_ways(string text, double seconds) =>
        Assert.That(Durations.Parse(text), Is.EqualTo(TimeSpan.FromSeconds(seconds)));

    [TestCase("")]
    [TestCase(" ")]
    [TestCase("-1s")]
    [TestCase("soon")]
    [TestCase("s")]
    [TestCase("5 parsecs")]
    [TestCase("1..5s")]
    [TestCase("25d")]
    [TestCase("99999999999999999999999999999999999h")]
    [TestCase("1e3")]
    public void What_is_no_duration_is_refused(string text) => Assert.That(Durations.Parse(text), Is.Null);

    [TestCase("0s")]
    [TestCase("500ms")]
    [TestCase("90s")]
    [TestCase("2m")]
    [TestCase("3h")]
    public void What_is_written_can_be_read_back(string text) => Assert.That(Durations.Format(Durations.Parse(text)!.Value), Is.EqualTo(text));
}

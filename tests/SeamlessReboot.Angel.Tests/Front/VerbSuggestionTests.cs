using SeamlessReboot.Angel.CommandLine;

namespace SeamlessReboot.Angel.Tests.Front;

/// <summary>What is meant by a verb that there is not.</summary>
[Parallelizable(ParallelScope.All)]
internal sealed class VerbSuggestionTests
{
    private static readonly string[] _verbs = ["run", "status", "reboot", "checkpoint", "stop", "kill", "spool"];

    [TestCase("stauts", "status")]
    [TestCase("STATUS", "status")]
    [TestCase("rebot", "reboot")]
    [TestCase("chekpoint", "checkpoint")]
    [TestCase("stpo", "stop")]
    [TestCase("restart", "reboot")]
    [TestCase("start", "run")]
    [TestCase("list", "status")]
    [TestCase("dance", null)]
    [TestCase("x", null)]
    [TestCase("./server", null)]
    public void The_nearest_verb_or_what_others_call_it(string word, string? meant) => Assert.That(VerbSuggestion.For(word, _verbs), Is.EqualTo(meant));
}

using SeamlessReboot.Angel.CommandLine;

namespace SeamlessReboot.Angel.Tests.Front;

internal sealed class ShellWordsTests
{
    [TestCase("dotnet old/Server.dll --port 4000", "dotnet|old/Server.dll|--port|4000")]
    [TestCase("  a \t b\n", "a|b")]
    [TestCase("'one word' \"another one\"", "one word|another one")]
    [TestCase("a\\ b c", "a b|c")]
    [TestCase("'' \"\"", "|")]
    [TestCase("x'y z'\"w\"", "xy zw")]
    [TestCase("'it'\\''s'", "it's")]
    [TestCase("\"say \\\"hi\\\" \\n\"", "say \"hi\" \\n")]
    [TestCase("'\\n \"'", "\\n \"")]
    [TestCase("$HOME *", "$HOME|*")]
    public void Words_are_split_as_a_shell_splits_them(string text, string words) =>
        Assert.That(ShellWords.Split(text), Is.EqualTo(words.Split('|')));

    [Test]
    public void Nothing_has_no_words() => Assert.That(ShellWords.Split("  "), Is.Empty);

    [TestCase("'open", "quote")]
    [TestCase("a \"b", "quote")]
    [TestCase("a\\", "backslash")]
    public void What_is_not_finished_is_refused(string text, string why) =>
        Assert.That(() => ShellWords.Split(text), Throws.TypeOf<FormatException>().With.Message.Contains(why));

    [Test]
    public void What_is_joined_can_be_split_again()
    {
        string[] words = ["a", "", "b c", "it's", "\"", "\\", "$x", "-o=1"];
        Assert.That(ShellWords.Split(ShellWords.Join(words)), Is.EqualTo(words));
    }
}

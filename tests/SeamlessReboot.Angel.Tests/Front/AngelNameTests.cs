using SeamlessReboot.Angel.CommandLine;

namespace SeamlessReboot.Angel.Tests.Front;

internal sealed class AngelNameTests
{
    [TestCase("talker", "talker")]
    [TestCase("/opt/talker/bin/talker --port 1", "talker")]
    [TestCase("dotnet /opt/Talker.dll --port 1", "Talker")]
    [TestCase("dotnet exec My.Server.dll", "My.Server")]
    [TestCase("/usr/bin/dotnet run", "dotnet")]
    [TestCase("./.hidden", "hidden")]
    [TestCase("./two;words", "two_words")]
    [TestCase("./...", "server")]
    public void An_angel_is_called_after_its_servers_program(string command, string name) =>
        Assert.That(AngelName.Of(command.Split(' ')), Is.EqualTo(name));

    [TestCase("a", true)]
    [TestCase("talker-2.test_x", true)]
    [TestCase("", false)]
    [TestCase("../x", false)]
    [TestCase(".x", false)]
    [TestCase("a b", false)]
    [TestCase("a/b", false)]
    public void A_name_is_one_part_of_a_path(string name, bool valid) => Assert.That(AngelName.IsValid(name), Is.EqualTo(valid));
}

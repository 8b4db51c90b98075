using SeamlessReboot.Angel.CommandLine;

namespace SeamlessReboot.Angel.Tests.Front;

internal sealed class CommandSplitterTests
{
    [TestCase("run ./server --port 1", "run -- ./server --port 1")]
    [TestCase("run --name x ./server --name y", "run --name x -- ./server --name y")]
    [TestCase("run --daemon --name=x ./server --daemon", "run --daemon --name=x -- ./server --daemon")]
    [TestCase("run --listen a --listen b python3 -m x", "run --listen a --listen b -- python3 -m x")]
    [TestCase("run -- ./server -- x", "run -- ./server -- x")]
    [TestCase("run --name x -- ./server --help", "run --name x -- ./server --help")]
    [TestCase("run --help", "run --help")]
    [TestCase("run --name", "run --name")]
    [TestCase("run", "run")]
    [TestCase("status --name x", "status --name x")]
    [TestCase("run --name=x -- ./server", "run --name=x -- ./server")]
    public void Everything_from_the_command_on_is_the_servers(string written, string meant) =>
        Assert.That(string.Join(' ', CommandSplitter.Split(written.Split(' '), "run", new RunOptions().All)), Is.EqualTo(meant));

    [TestCase("run --unknown ./server -x")]
    [TestCase("run --lissten tcp://*:80 -- ./server")]
    [TestCase("run --daemon --unknown=x -- ./server")]
    public void What_is_no_option_is_not_taken_for_the_server(string written) =>
        Assert.That(() => CommandSplitter.Split(written.Split(' '), "run", new RunOptions().All),
            Throws.TypeOf<AngelException>().With.Property("ExitCode").EqualTo(ExitCodes.Usage).And.Message.StartsWith("there is no option"));
}

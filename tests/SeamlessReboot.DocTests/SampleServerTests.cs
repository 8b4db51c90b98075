using NUnit.Framework;

namespace SeamlessReboot.DocTests;

/// <summary>The servers that INSTALLING.md shows do what it says of them.</summary>
internal sealed class SampleServerTests
{
    private static readonly TimeSpan _limit = TimeSpan.FromSeconds(60);
    private string _directory = "";

    [SetUp]
    public void MakeDirectory() => _directory = Directory.CreateTempSubdirectory("doctests-").FullName;

    [TearDown]
    public void RemoveDirectory() => Directory.Delete(_directory, recursive: true);

    [TestCase("AcceptLoop", "ann 1 of 1: hello", "ann 2 of 2: half a line")]
    [TestCase("StreamLoop", "ann 1: hello", "ann 2: half a line")]
    [TestCase("GameLoop", "ann 1: hello", "ann 2: half a line")]
    [TestCase("PolledLoop", "ann 1: hello", "ann 2: half a line")]
    [TestCase("GateLoop", "ann 1: hello", "ann 2: half a line")]
    [TestCase("WorkedOut", "ann 1 1: hello", "ann 2 1: half a line")]
    public async Task A_half_typed_line_is_completed_after_the_reboot(string name, string first, string second)
    {
        using CancellationTokenSource limit = new(_limit);
        await using SampleServer server = await SampleServer.StartAsync(name, _directory, limit.Token);
        using Client ann = await Client.ConnectAsync(server.Port);
        using Client half = await Client.ConnectAsync(server.Port);
        await ann.SendAsync("ann\r\nhello\r\nhalf a ");
        await half.SendAsync("be");
        await ann.ReadUntilAsync(first, limit.Token);

        server.Signal("HUP");
        await server.WaitUntilReadyAsync(limit.Token);
        await ann.SendAsync("line\r\n");
        Assert.That(await ann.ReadUntilAsync(": half a line", limit.Token), Does.EndWith(second).And.Not.Contain("name?"));
        await half.SendAsync("a\r\nhere\r\n"); // only now: some of the servers count everyone's lines
        await half.ReadUntilAsync("bea 1", limit.Token);
        Assert.That((server.Generation, server.Sessions), Is.EqualTo((1, 2)));
    }

    [TestCase("AcceptLoop")]
    [TestCase("StreamLoop")]
    [TestCase("GameLoop")]
    [TestCase("PolledLoop")]
    [TestCase("GateLoop")]
    [TestCase("WorkedOut")]
    public async Task Asked_for_help_it_says_how_it_is_started(string name)
    {
        using CancellationTokenSource limit = new(_limit);
        (int code, string said) = await SampleServer.RunAsync(name, "--help", limit.Token);
        Assert.That((code, said), Is.EqualTo((0, $"usage: {name} {(name == "WorkedOut" ? "[PORT [DIRECTORY]]" : "[PORT]")}\n")));
    }

    [Test]
    public async Task Who_asks_for_a_reboot_in_a_session_gets_one()
    {
        using CancellationTokenSource limit = new(_limit);
        await using SampleServer server = await SampleServer.StartAsync("WorkedOut", _directory, limit.Token);
        using Client ann = await Client.ConnectAsync(server.Port);
        await ann.SendAsync("ann\r\nhello\r\nreboot\r\nagain\r\n");

        await server.WaitUntilReadyAsync(limit.Token);
        string said = await ann.ReadUntilAsync("again", limit.Token);

        Assert.That(said, Is.EqualTo("ann 1 1: hello\r\nThe server reboots. Stay where you are.\r\nann 2 1: again"));
        Assert.That(await File.ReadAllTextAsync(Path.Combine(_directory, "journal.txt"), limit.Token), Does.StartWith("hello\n"), "flushed");
    }
}

using System.Net.Sockets;
using System.Text;
using SeamlessReboot.Angel.Control;

namespace SeamlessReboot.Angel.Tests.Front;

[FixtureLifeCycle(LifeCycle.InstancePerTestCase)]
internal sealed class ControlClientTests : IDisposable
{
    private static readonly TimeSpan _patience = TimeSpan.FromSeconds(20);
    private readonly TempDirectory _directory = new();
    private readonly Socket _listener = new(AddressFamily.Unix, SocketType.Stream, ProtocolType.Unspecified);

    private string SocketPath => _directory["control"];

    [SetUp]
    public void Listen()
    {
        _listener.Bind(new UnixDomainSocketEndPoint(SocketPath));
        _listener.Listen();
    }

    public void Dispose()
    {
        _listener.Dispose();
        _directory.Dispose();
    }

    [Test]
    public async Task A_line_goes_there_and_a_line_comes_back()
    {
        Task<string> heard = AnswerAsync("{\"ok\":true,\"message\":\"done\"}\n");
        Assert.That(await ControlClient.AskAsync(SocketPath, "kill 9", _patience), Is.EqualTo(new ControlAnswer(true, "done")));
        Assert.That(await heard, Is.EqualTo("kill 9\n"));
    }

    [Test]
    public async Task An_answer_without_a_line_end_counts()
    {
        Task<string> heard = AnswerAsync("{\"ok\":false,\"message\":\"no\"}");
        Assert.That((await ControlClient.AskAsync(SocketPath, "reboot", _patience)).Ok, Is.False);
        await heard;
    }

    [TestCase("", "without an answer")]
    [TestCase("what?\n", "cannot be read")]
    [TestCase("null\n", "cannot be read")]
    public async Task What_is_no_answer_is_told(string answer, string why)
    {
        Task<string> heard = AnswerAsync(answer);
        Assert.That(async () => await ControlClient.AskAsync(SocketPath, "reboot", _patience), Throws.TypeOf<AngelException>().With.Message.Contains(why));
        await heard;
    }

    [Test]
    public void An_angel_that_does_not_answer_is_told() =>
        Assert.That(async () => await ControlClient.AskAsync(SocketPath, "reboot", TimeSpan.FromMilliseconds(100)),
            Throws.TypeOf<AngelException>().With.Property(nameof(AngelException.ExitCode)).EqualTo(ExitCodes.NoAnswer).And.Message.Contains("within 100ms"));

    [Test]
    public void Nobody_there_is_told()
    {
        _listener.Dispose();
        Assert.That(async () => await ControlClient.AskAsync(SocketPath, "reboot", _patience),
            Throws.TypeOf<AngelException>().With.Property(nameof(AngelException.ExitCode)).EqualTo(ExitCodes.NotRunning));
    }

    [Test]
    public void A_status_is_written_for_people()
    {
        DateTimeOffset now = new(2026, 5, 4, 12, 0, 0, TimeSpan.Zero);
        AngelStatus status = ControlClient.ReadStatus(ControlJson.Line(new AngelStatus
        {
            State = State.Ready,
            AngelPid = 10,
            ChildPid = 20,
            Since = now.AddHours(-50),
            Restarts = 3,
            DeathsOfLate = [now],
            FdsHeld = 1000,
            LastWords = ["Unhandled exception.", "\u001b[31mout of moon"],
            Command = ["dotnet", "my server.dll"],
            Release = "fallback",
            Running = ["dotnet", "old.dll"],
            Generation = 7,
            Spool = "/var/lib/talker",
            Listening = ["tcp://[::]:4000"],
        }));
        StringWriter text = new();
        StatusText.Write("talker", status, now, text);
        string[] expected =
        [
            "talker: ready, server 20, angel 10", "(2 d 2 h ago)", "dotnet 'my server.dll'", "dotnet old.dll", "3; recent deaths: 1", "1000 descriptors",
            "tcp://[::]:4000", "generation 7, spool /var/lib/talker", "Unhandled exception.", "?[31mout of moon",
        ];
        foreach (string part in expected)
            Assert.That(text.ToString(), Does.Contain(part));
    }

    private async Task<string> AnswerAsync(string answer)
    {
        using Socket client = await _listener.AcceptAsync();
        byte[] buffer = new byte[100];
        int length = await client.ReceiveAsync(buffer);
        if (answer.Length > 0)
            await client.SendAsync(Encoding.UTF8.GetBytes(answer));
        return Encoding.UTF8.GetString(buffer, 0, length);
    }
}

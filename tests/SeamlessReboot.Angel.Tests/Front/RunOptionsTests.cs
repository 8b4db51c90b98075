using System.CommandLine;
using System.CommandLine.Parsing;
using System.Globalization;
using SeamlessReboot.Angel.CommandLine;
using SeamlessReboot.Angel.Daemon;

namespace SeamlessReboot.Angel.Tests.Front;

internal sealed class RunOptionsTests
{
    private static readonly User _user = new("tester", 4711, 4711, "/home/tester");

    [Test]
    public void Without_options_everything_is_as_AngelOptions_has_it()
    {
        AngelOptions read = Read("./server", "-x");
        AngelOptions normal = new() { Command = ["./server", "-x"], Name = "server", RuntimeDirectory = read.RuntimeDirectory };
        Assert.Multiple(() =>
        {
            Assert.That(read.Command, Is.EqualTo(normal.Command));
            Assert.That(read with { Command = normal.Command, Listen = normal.Listen }, Is.EqualTo(normal));
            Assert.That(read.Listen, Is.Empty);
            Assert.That(read.RuntimeDirectory, Does.EndWith("seamless-angel-4711/server"));
        });
    }

    [Test]
    public void Every_option_reaches_its_property()
    {
        AngelOptions read = Read(
            "--name", "n", "--runtime-dir", "/x/y", "--restart", "always", "--backoff", "1s", "--backoff-limit", "1m", "--death-limit", "3",
            "--death-window", "2m", "--start-timeout", "10", "--notify", "no", "--start-delay", "500ms", "--stop-timeout", "4s", "--watchdog", "5s",
            "--abort-timeout", "0", "--probe", "tcp://localhost:4000=who are=you", "--probe-interval", "6s", "--probe-timeout", "7s",
            "--probe-failures", "8", "--listen", "tcp://*:80", "--listen=unix:///a/b", "--backlog", "9", "--store-limit", "11",
            "--fallback", "dotnet 'old release/s.dll'", "--fallback-after", "12", "--stable-after", "13s", "--daemon", "--timeout", "14s",
            "--pid-file", "/p", "--look-for", "re+ady$", "--in", "/l", "--user", "root", "--require-user", "root", "--syslog", "--log-file", "/g",
            "--", "./server");
        Assert.Multiple(() =>
        {
            Assert.That(read.Name, Is.EqualTo("n"));
            Assert.That(read.RuntimeDirectory, Is.EqualTo("/x/y"));
            Assert.That(read.Restart, Is.EqualTo(RestartPolicy.Always));
            Assert.That(read.Backoff, Is.EqualTo(TimeSpan.FromSeconds(1)));
            Assert.That(read.BackoffLimit, Is.EqualTo(TimeSpan.FromMinutes(1)));
            Assert.That(read.DeathLimit, Is.EqualTo(3));
            Assert.That(read.DeathWindow, Is.EqualTo(TimeSpan.FromMinutes(2)));
            Assert.That(read.StartTimeout, Is.EqualTo(TimeSpan.FromSeconds(10)));
            Assert.That(read.Notifies, Is.False);
            Assert.That(read.StartDelay, Is.EqualTo(TimeSpan.FromSeconds(0.5)));
            Assert.That(read.StopTimeout, Is.EqualTo(TimeSpan.FromSeconds(4)));
            Assert.That(read.Watchdog, Is.EqualTo(TimeSpan.FromSeconds(5)));
            Assert.That(read.AbortTimeout, Is.EqualTo(TimeSpan.Zero));
            Assert.That(read.Probe, Is.EqualTo(new Uri("tcp://localhost:4000")));
            Assert.That(read.ProbeText, Is.EqualTo("who are=you"));
            Assert.That(read.ProbeInterval, Is.EqualTo(TimeSpan.FromSeconds(6)));
            Assert.That(read.ProbeTimeout, Is.EqualTo(TimeSpan.FromSeconds(7)));
            Assert.That(read.ProbeFailures, Is.EqualTo(8));
            Assert.That(read.Listen.Select(u => u.Scheme), Is.EqualTo(new[] { "tcp", "unix" }));
            Assert.That(read.Backlog, Is.EqualTo(9));
            Assert.That(read.StoreLimit, Is.EqualTo(11));
            Assert.That(read.Fallback, Is.EqualTo(new[] { "dotnet", "old release/s.dll" }));
            Assert.That(read.FallbackAfter, Is.EqualTo(12));
            Assert.That(read.StableAfter, Is.EqualTo(TimeSpan.FromSeconds(13)));
            Assert.That(read.Daemon, Is.True);
            Assert.That(read.DaemonTimeout, Is.EqualTo(TimeSpan.FromSeconds(14)));
            Assert.That(read.PidFile, Is.EqualTo("/p"));
            Assert.That(read.LookFor!.IsMatch("reeady"), Is.True);
            Assert.That(read.LookIn, Is.EqualTo("/l"));
            Assert.That(read.User, Is.EqualTo("root"));
            Assert.That(read.RequireUser, Is.EqualTo("root"));
            Assert.That(read.Syslog, Is.True);
            Assert.That(read.LogFile, Is.EqualTo("/g"));
            Assert.That(read.Command, Is.EqualTo(new[] { "./server" }));
        });
    }

    [Test]
    public void Every_property_can_be_set_by_an_option()
    {
        // Probe brings ProbeText along; the command is the argument.
        Assert.That(new RunOptions().All, Has.Count.EqualTo(typeof(AngelOptions).GetProperties().Length - 2));
    }

    [Test]
    public void Each_option_says_what_it_is_in_when_it_is_left_out()
    {
        foreach (Option option in new RunOptions().All)
            Assert.That(option.Description, option.ValueType == typeof(bool) || option.Name is "--listen" or "--look-for" or "--in"
                ? Is.Not.Empty
                : Does.Contain("Default: "), option.Name);
    }

    [TestCase("@file")]
    [TestCase("--help")]
    [TestCase("--name")]
    [TestCase("")]
    [TestCase("--")]
    [TestCase("[x]")]
    [TestCase("-abc")]
    [TestCase("--a=b")]
    public void The_servers_arguments_are_left_alone(string argument)
    {
        Assert.Multiple(() =>
        {
            Assert.That(Read("./server", argument, "last").Command, Is.EqualTo(new[] { "./server", argument, "last" }));
            Assert.That(Read("--daemon", "--", "./server", argument).Command, Is.EqualTo(new[] { "./server", argument }));
        });
    }

    [TestCase("--look-for x", "--in FILE")]
    [TestCase("--in x", "--look-for REGEX")]
    [TestCase("--look-for x --in y --notify yes", "--notify yes")]
    [TestCase("--timeout 3", "--daemon")]
    [TestCase("--probe-interval 3", "--probe tcp://")]
    [TestCase("--backlog 3", "--listen URI")]
    [TestCase("--backoff 2m", "--backoff-limit")]
    [TestCase("--start-delay 2m", "--start-timeout")]
    [TestCase("--notify no --start-timeout 2s", "--start-timeout")]
    [TestCase("--watchdog 0", "--watchdog cannot be 0")]
    [TestCase("--name a/b", "at most 64")]
    [TestCase("--fallback '", "quote")]
    public void What_does_not_go_together_is_refused_with_the_remedy(string options, string remedy)
    {
        AngelException? refused = Assert.Throws<AngelException>(() => Read([.. options.Split(' '), "./server"]));
        Assert.That(refused!.Message, Does.Contain(remedy));
        Assert.That(refused.ExitCode, Is.EqualTo(ExitCodes.Usage));
    }

    [TestCase("--restart", "sometimes", "on-failure, always or never")]
    [TestCase("--backoff", "soon", "500ms")]
    [TestCase("--death-limit", "-1", "from 0 up")]
    [TestCase("--probe-failures", "0", "from 1 up")]
    [TestCase("--notify", "maybe", "yes, no or auto")]
    [TestCase("--probe", "localhost", "tcp://HOST:PORT")]
    [TestCase("--probe", "tcp://h:0", "port 0")]
    [TestCase("--probe", "tcp6://[::1]:4", "not a scheme that a probe can use")]
    [TestCase("--listen", "localhost", "unix:///PATH")]
    [TestCase("--look-for", "(", "regular expression")]
    public void What_cannot_be_read_is_refused_with_the_remedy(string option, string value, string remedy)
    {
        RunOptions options = new();
        IReadOnlyList<ParseError> errors = Parse(options, [option, value, "./server"]).Errors;
        Assert.That(errors, Has.Count.EqualTo(1));
        Assert.That(errors[0].Message, Does.Contain(remedy).And.Contain(option).And.Contain(string.Create(CultureInfo.InvariantCulture, $"'{value}'")));
    }

    [Test]
    public void All_that_is_wrong_is_said_at_once() =>
        Assert.That(() => Read("--look-for", "x", "--timeout", "3", "./server"),
            Throws.TypeOf<AngelException>().With.Message.Contains("--in FILE").And.Message.Contains("--daemon"));

    [Test]
    public void A_server_that_notifies_may_be_given_little_time() =>
        Assert.That(Read("--start-timeout", "2s", "./server").StartTimeout, Is.EqualTo(TimeSpan.FromSeconds(2)));

    [Test]
    public void An_empty_fallback_is_refused() =>
        Assert.That(() => Read("--fallback", " ", "./server"), Throws.TypeOf<AngelException>().With.Message.Contains("--fallback is empty"));

    [Test]
    public void No_command_is_refused() =>
        Assert.That(() => Read("--daemon"), Throws.TypeOf<AngelException>().With.Message.Contains("-- COMMAND"));

    private static AngelOptions Read(params string[] arguments)
    {
        RunOptions options = new();
        ParseResult parsed = Parse(options, arguments);
        Assert.That(parsed.Errors, Is.Empty);
        return RunOptionsReader.Read(options, parsed, _user);
    }

    private static ParseResult Parse(RunOptions options, string[] arguments)
    {
        Command run = new("run");
        run.Arguments.Add(options.Command);
        foreach (Option option in options.All)
            run.Options.Add(option);
        RootCommand root = new() { Subcommands = { run } };
        return CommandLineParser.Parse(root, CommandSplitter.Split(["run", .. arguments], "run", options.All), AngelCommands.Parser);
    }
}

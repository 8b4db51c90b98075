using System.CommandLine;
using System.CommandLine.Parsing;
using System.Globalization;
using System.Text.RegularExpressions;
using SeamlessReboot.Angel.Descriptors;

namespace SeamlessReboot.Angel.CommandLine;

/// <summary>The options of "run", as they are written. What they mean together is for <see cref="RunOptionsReader"/>.</summary>
internal sealed class RunOptions
{
    private static readonly AngelOptions _default = new() { Command = [], Name = "", RuntimeDirectory = "" };

    internal Argument<string[]> Command { get; } = new("COMMAND")
    {
        Description = "The server and its arguments, best after \"--\".",
        Arity = ArgumentArity.ZeroOrMore, // that it is there is checked later, with a better sentence
    };

    internal Option<string?> Name { get; } = Text("--name", "NAME", "The name by which the other verbs find this angel. Default: the file name of the server's program; for \"dotnet X.dll\" X.");

    internal Option<string?> RuntimeDirectory { get; } = Text("--runtime-dir", "DIR",
        "Where the angel's sockets, lock and log are; made with mode 0700. Default: seamless-angel-UID/NAME in $RUNTIME_DIRECTORY, else in $XDG_RUNTIME_DIR, else in /run (root) or /tmp.");

    internal Option<RestartPolicy?> Restart { get; } = Of("--restart", "WHEN",
        "When a server that has ended is started again: on-failure (after any end but an exit with 0 once it was ready), always, or never. Default: on-failure.",
        text => text switch { "on-failure" => RestartPolicy.OnFailure, "always" => RestartPolicy.Always, "never" => RestartPolicy.Never, _ => (RestartPolicy?)null },
        "Write on-failure, always or never.");

    internal Option<TimeSpan?> Backoff { get; } = Duration("--backoff",
        $"Wait before the second restart in a row; each further one is 1.5 times as long. The first restart comes at once, and the next one after the server was ready for 10 s too. Default: {Durations.Format(_default.Backoff)}.");

    internal Option<TimeSpan?> BackoffLimit { get; } = Duration("--backoff-limit", $"The longest wait before a restart. Default: {Durations.Format(_default.BackoffLimit)}.");

    internal Option<int?> DeathLimit { get; } = Number("--death-limit", 0, $"Give up after this many deaths within --death-window; 0: never. Default: {_default.DeathLimit}.");

    internal Option<TimeSpan?> DeathWindow { get; } = Duration("--death-window", $"The time span that --death-limit applies to. Default: {Durations.Format(_default.DeathWindow)}.");

    internal Option<TimeSpan?> StartTimeout { get; } = Duration("--start-timeout", $"How long a server may take until it is ready. Default: {Durations.Format(_default.StartTimeout)}.");

    internal Option<NotifyOption?> Notifies { get; } = Of("--notify", "WHETHER",
        "Whether the server says READY=1 to $NOTIFY_SOCKET: yes, no (then --start-delay or --look-for decides), or auto (detected). Default: auto; no with --look-for.",
        text => text switch { "yes" => NotifyOption.Yes, "no" => NotifyOption.No, "auto" => NotifyOption.Auto, _ => (NotifyOption?)null }, "Write yes, no or auto.");

    internal Option<TimeSpan?> StartDelay { get; } = Duration("--start-delay", $"A program that does not notify is presumed ready when it has run for this long. Default: {Durations.Format(_default.StartDelay)}.");

    internal Option<TimeSpan?> StopTimeout { get; } = Duration("--stop-timeout", $"How long a server may take to end after SIGTERM before it gets SIGKILL. Default: {Durations.Format(_default.StopTimeout)}.");

    internal Option<TimeSpan?> Watchdog { get; } = Duration("--watchdog",
        "The server has to send WATCHDOG=1 at least this often (it is told by $WATCHDOG_USEC), or it is aborted and started again. Default: no watchdog.");

    internal Option<TimeSpan?> AbortTimeout { get; } = Duration("--abort-timeout", $"How long a server that hangs may take to end after SIGABRT before it gets SIGKILL. Default: {Durations.Format(_default.AbortTimeout)}.");

    internal Option<ProbeTarget?> Probe { get; } = Of("--probe", "URI",
        "Talk to the server's port: tcp://HOST:PORT connects; tcp://HOST:PORT=TEXT also sends TEXT and a line end and waits for any answer, which finds a server that accepts and never answers. unix:///PATH too. Default: no probe.",
        ProbeTarget.Parse, ProbeTarget.Remedy);

    internal Option<TimeSpan?> ProbeInterval { get; } = Duration("--probe-interval", $"Time between two probes. Default: {Durations.Format(_default.ProbeInterval)}.");

    internal Option<TimeSpan?> ProbeTimeout { get; } = Duration("--probe-timeout", $"A probe without an answer for this long has failed. Default: {Durations.Format(_default.ProbeTimeout)}.");

    internal Option<int?> ProbeFailures { get; } = Number("--probe-failures", 1, $"This many failed probes in a row are a hang. Default: {_default.ProbeFailures}.");

    internal Option<Uri[]> Listen { get; } = new("--listen")
    {
        HelpName = "URI",
        Description = "Open this socket and pass it to the server, as LISTEN_FDS and EINHORN_FDS: tcp://HOST:PORT (HOST * or empty: every address of both families), tcp4://, tcp6://, unix:///PATH[?mode=660]; #NAME at the end names it in LISTEN_FDNAMES. May be given several times.",
        Arity = ArgumentArity.OneOrMore,
        AllowMultipleArgumentsPerToken = false,
        CustomParser = result => [.. result.Tokens.Select(t => Parse(result, "--listen", t.Value, ListenUri.Parse, ListenUri.Remedy)).OfType<Uri>()],
    };

    internal Option<int?> Backlog { get; } = Number("--backlog", 1, $"The most connections that wait in each --listen socket while no server accepts. Default: {_default.Backlog}; the kernel's limit is net.core.somaxconn.");

    internal Option<int?> StoreLimit { get; } = Number("--store-limit", 0, $"The most descriptors that the angel holds for the server. Default: {_default.StoreLimit}.");

    internal Option<string?> Fallback { get; } = Text("--fallback", "COMMAND",
        "Started with the same connections when the server dies, or is not ready in time, --fallback-after times in a row before READY. One argument, split into words as a shell splits it; no shell is run. Default: the last release that was ready for --stable-after.");

    internal Option<int?> FallbackAfter { get; } = Number("--fallback-after", 1, $"Failed starts in a row before the fallback. Default: {_default.FallbackAfter}.");

    internal Option<TimeSpan?> StableAfter { get; } = Duration("--stable-after", $"A server that has been ready for this long counts as a good release. Default: {Durations.Format(_default.StableAfter)}.");

    internal Option<bool> Daemon { get; } = new("--daemon")
    {
        Description = "Run in the background, in a session of its own. This command returns 0 when the server is ready; if it fails, with the server's last words and exit code.",
    };

    internal Option<TimeSpan?> DaemonTimeout { get; } = Duration("--timeout", $"With --daemon: when the server is not ready after this long, end everything and fail. Default: {Durations.Format(_default.DaemonTimeout)}.");

    internal Option<string?> PidFile { get; } = Text("--pid-file", "FILE", "Write the angel's process number there, and lock the file as long as it lives. Default: none but the one in the runtime directory.");

    internal Option<Regex?> LookFor { get; } = Of("--look-for", "REGEX",
        "The server is ready when a new line of the file given by --in matches; for programs that do not notify.",
        text => new Regex(text, RegexOptions.CultureInvariant, TimeSpan.FromSeconds(1)), "It has to be a regular expression of .NET; a '\\' in front of . * + ? ( ) [ ] { } | ^ $ \\ makes that character an ordinary one.");

    internal Option<string?> LookIn { get; } = Text("--in", "FILE", "The log that --look-for watches. It may not exist yet.");

    internal Option<string?> User { get; } = Text("--user", "LOGIN", "Switch to this user and its groups after sockets and files have been opened. Only as root. Default: keep the current user.");

    internal Option<string?> RequireUser { get; } = Text("--require-user", "LOGIN", "Refuse to run as any other user. Default: run as any user.");

    internal Option<bool> Syslog { get; } = new("--syslog") { Description = "Write the angel's own lines to the system's log as well." };

    internal Option<string?> LogFile { get; } = Text("--log-file", "FILE",
        "The angel's own log, reopened when it has been moved away; with --daemon also the server's output. Default: stderr; with --daemon angel.log in the runtime directory.");

    /// <summary>All, in the order of the help.</summary>
    internal IReadOnlyList<Option> All =>
    [
        Name, RuntimeDirectory, Restart, Backoff, BackoffLimit, DeathLimit, DeathWindow, StartTimeout, Notifies, StartDelay, StopTimeout, Watchdog, AbortTimeout,
        Probe, ProbeInterval, ProbeTimeout, ProbeFailures, Listen, Backlog, StoreLimit, Fallback, FallbackAfter, StableAfter,
        Daemon, DaemonTimeout, PidFile, LookFor, LookIn, User, RequireUser, Syslog, LogFile,
    ];

    internal static Option<string?> Text(string name, string what, string description) => new(name) { HelpName = what, Description = description };

    internal static Option<TimeSpan?> Duration(string name, string description) =>
        Of(name, "TIME", description, text => Durations.Parse(text), Durations.Remedy);

    private static Option<int?> Number(string name, int least, FormattableString description) =>
        Of(name, "N", description.ToString(CultureInfo.InvariantCulture),
            text => int.TryParse(text, NumberStyles.None, CultureInfo.InvariantCulture, out int n) && n >= least ? n : (int?)null,
            string.Create(CultureInfo.InvariantCulture, $"Write a whole number from {least} up."));

    private static Option<T?> Of<T>(string name, string what, string description, Func<string, T?> parse, string remedy) => new(name)
    {
        HelpName = what,
        Description = description,
        CustomParser = result => Parse(result, name, result.Tokens[^1].Value, parse, remedy),
    };

    private static T? Parse<T>(ArgumentResult result, string name, string text, Func<string, T?> parse, string remedy)
    {
        string reason = "";
        try
        {
            if (parse(text) is T value)
                return value;
        }
        catch (Exception e) when (e is FormatException or ArgumentException)
        {
            reason = $": {e.Message.TrimEnd('.')}";
        }

        result.AddError($"{name} '{text}' is not understood{reason}. {remedy}");
        return default;
    }
}

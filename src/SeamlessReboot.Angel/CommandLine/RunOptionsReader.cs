using System.CommandLine;
using SeamlessReboot.Angel.Daemon;
using SeamlessReboot.Angel.Discovery;

namespace SeamlessReboot.Angel.CommandLine;

/// <summary>Turns what was written into <see cref="AngelOptions"/>, and refuses what does not go together.</summary>
internal static class RunOptionsReader
{
    /// <param name="options">The options that were parsed.</param>
    /// <param name="parsed">Their values.</param>
    /// <param name="user">Who the angel is to be. The default runtime directory depends on it.</param>
    /// <exception cref="AngelException">Something does not go together; the message has a line for each.</exception>
    internal static AngelOptions Read(RunOptions options, ParseResult parsed, User user)
    {
        string[] command = parsed.GetValue(options.Command) ?? [];
        if (command.Length == 0 || command[0].Length == 0)
            throw Usage(["there is no command to run. Write it at the end: seamless-angel run [options] -- COMMAND ARGS..."]);
        List<string> wrong = [];
        string name = parsed.GetValue(options.Name) ?? AngelName.Of(command);
        if (!AngelName.IsValid(name))
            wrong.Add($"--name '{name}' is not a valid name. {AngelName.Remedy}");
        AngelOptions read = Read(options, parsed, command, name, user, wrong);
        Check(read, options, parsed, wrong);
        return wrong.Count == 0 ? read : throw Usage(wrong);
    }

    private static AngelOptions Read(RunOptions options, ParseResult parsed, string[] command, string name, User user, List<string> wrong)
    {
        AngelOptions normal = new() { Command = command, Name = name, RuntimeDirectory = "" };
        ProbeTarget? probe = parsed.GetValue(options.Probe);
        return normal with
        {
            RuntimeDirectory = FullPath(parsed.GetValue(options.RuntimeDirectory)) ?? RuntimeDirectory.Default(name, user.Id),
            Restart = parsed.GetValue(options.Restart) ?? normal.Restart,
            Backoff = parsed.GetValue(options.Backoff) ?? normal.Backoff,
            BackoffLimit = parsed.GetValue(options.BackoffLimit) ?? normal.BackoffLimit,
            DeathLimit = parsed.GetValue(options.DeathLimit) ?? normal.DeathLimit,
            DeathWindow = parsed.GetValue(options.DeathWindow) ?? normal.DeathWindow,
            StartTimeout = parsed.GetValue(options.StartTimeout) ?? normal.StartTimeout,
            Notifies = parsed.GetValue(options.Notifies) switch
            {
                NotifyOption.Yes => true,
                NotifyOption.No => false,
                NotifyOption.Auto => null,
                _ => parsed.GetValue(options.LookFor) is null ? null : false,
            },
            StartDelay = parsed.GetValue(options.StartDelay) ?? normal.StartDelay,
            StopTimeout = parsed.GetValue(options.StopTimeout) ?? normal.StopTimeout,
            Watchdog = parsed.GetValue(options.Watchdog),
            AbortTimeout = parsed.GetValue(options.AbortTimeout) ?? normal.AbortTimeout,
            Probe = probe?.Address,
            ProbeText = probe?.Text,
            ProbeInterval = parsed.GetValue(options.ProbeInterval) ?? normal.ProbeInterval,
            ProbeTimeout = parsed.GetValue(options.ProbeTimeout) ?? normal.ProbeTimeout,
            ProbeFailures = parsed.GetValue(options.ProbeFailures) ?? normal.ProbeFailures,
            Listen = parsed.GetValue(options.Listen) ?? [],
            Backlog = parsed.GetValue(options.Backlog) ?? normal.Backlog,
            StoreLimit = parsed.GetValue(options.StoreLimit) ?? normal.StoreLimit,
            Fallback = ReadFallback(parsed.GetValue(options.Fallback), wrong),
            FallbackAfter = parsed.GetValue(options.FallbackAfter) ?? normal.FallbackAfter,
            StableAfter = parsed.GetValue(options.StableAfter) ?? normal.StableAfter,
            Daemon = parsed.GetValue(options.Daemon),
            DaemonTimeout = parsed.GetValue(options.DaemonTimeout) ?? normal.DaemonTimeout,
            PidFile = FullPath(parsed.GetValue(options.PidFile)),
            LookFor = parsed.GetValue(options.LookFor),
            LookIn = FullPath(parsed.GetValue(options.LookIn)),
            User = parsed.GetValue(options.User),
            RequireUser = parsed.GetValue(options.RequireUser),
            Syslog = parsed.GetValue(options.Syslog),
            LogFile = FullPath(parsed.GetValue(options.LogFile)),
        };
    }

    private static void Check(AngelOptions read, RunOptions options, ParseResult parsed, List<string> wrong)
    {
        if (read.LookFor is not null && read.LookIn is null)
            wrong.Add("--look-for needs a file to look in. Add --in FILE, the server's log.");
        if (read.LookIn is not null && read.LookFor is null)
            wrong.Add("--in needs something to look for. Add --look-for REGEX, what the server writes there when it is ready.");
        if (read.LookFor is not null && read.Notifies == true)
            wrong.Add("--look-for is for programs that do not notify. Leave out either --look-for or --notify yes.");
        if (!read.Daemon && Given(options.DaemonTimeout))
            wrong.Add("--timeout is for --daemon. For how long a server may take to be ready, use --start-timeout.");
        foreach (Option needsProbe in (Option[])[options.ProbeInterval, options.ProbeTimeout, options.ProbeFailures])
            if (read.Probe is null && Given(needsProbe))
                wrong.Add($"{needsProbe.Name} needs something to probe. Add --probe tcp://HOST:PORT.");
        if (read.Listen.Count == 0 && Given(options.Backlog))
            wrong.Add("--backlog is for sockets that the angel opens. Add --listen URI.");
        if (read.Backoff > read.BackoffLimit)
            wrong.Add($"--backoff {Durations.Format(read.Backoff)} is longer than --backoff-limit {Durations.Format(read.BackoffLimit)}. Give a longer --backoff-limit too.");
        // Whether it notifies may be left open: then a short --start-timeout is for one that does.
        if ((read.Notifies == false || Given(options.StartDelay)) && read.Notifies != true && read.LookFor is null && read.StartDelay >= read.StartTimeout)
            wrong.Add($"with --start-delay {Durations.Format(read.StartDelay)} a server that does not notify would never be ready: --start-timeout {Durations.Format(read.StartTimeout)} is over first. Give a longer --start-timeout.");
        foreach (Option<TimeSpan?> time in (Option<TimeSpan?>[])
            [options.DeathWindow, options.StartTimeout, options.StopTimeout, options.Watchdog, options.ProbeInterval, options.ProbeTimeout, options.DaemonTimeout])
            if (parsed.GetValue(time) == TimeSpan.Zero)
                wrong.Add($"{time.Name} cannot be 0. {Durations.Remedy}");

        bool Given(Option option) => parsed.GetResult(option) is not null;
    }

    private static IReadOnlyList<string>? ReadFallback(string? text, List<string> wrong)
    {
        if (text is null)
            return null;
        try
        {
            IReadOnlyList<string> words = ShellWords.Split(text);
            if (words.Count > 0)
                return words;
            wrong.Add("--fallback is empty. Write the whole command as one argument: --fallback \"dotnet old/Server.dll --port 4000\".");
        }
        catch (FormatException e)
        {
            wrong.Add($"--fallback cannot be split into words: {e.Message}. Write the whole command as one argument: --fallback \"dotnet 'old release/Server.dll'\".");
        }

        return null;
    }

    private static string? FullPath(string? path) => string.IsNullOrEmpty(path) ? null : Path.GetFullPath(path);

    private static AngelException Usage(IEnumerable<string> lines) => new(ExitCodes.Usage, string.Join('\n', lines));
}

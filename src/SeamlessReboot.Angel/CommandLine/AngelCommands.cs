using System.CommandLine;
using System.CommandLine.Parsing;

namespace SeamlessReboot.Angel.CommandLine;

/// <summary>The verbs, and what becomes of errors: a sentence on stderr and an exit code.</summary>
internal sealed class AngelCommands
{
    private static readonly TimeSpan _statusTimeout = TimeSpan.FromSeconds(5), _doneTimeout = TimeSpan.FromMinutes(5);

    /// <summary>No response files: a server's argument may well begin with '@'.</summary>
    internal static ParserConfiguration Parser { get; } = new() { ResponseFileTokenReplacer = null, EnablePosixBundling = false };

    private readonly TextWriter _output, _errors;
    private readonly RunOptions _run = new();
    private readonly RootCommand _root;

    internal AngelCommands(TextWriter output, TextWriter errors)
    {
        _output = output;
        _errors = errors;
        _root = new RootCommand("Starts a server, watches it, and holds its connections, so that no crash, hang or bad release drops a connection.");
        _root.Subcommands.Add(Run());
        _root.Subcommands.Add(Status());
        _root.Subcommands.Add(Verb("reboot", "Reboots the server into its new version; all connections stay open. Returns when it is ready again.", ExitCodes.NotRunning));
        _root.Subcommands.Add(Verb("checkpoint", "Has the server write a checkpoint, from which it is restored after a crash.", ExitCodes.NotRunning));
        _root.Subcommands.Add(Verb("stop", "Ends the server, and the angel with it: SIGTERM, after --stop-timeout of \"run\" SIGKILL. Returns when both have ended.", ExitCodes.Done));
        _root.Subcommands.Add(Kill());
        _root.Subcommands.Add(Spool());
    }

    internal async Task<int> InvokeAsync(IReadOnlyList<string> arguments)
    {
        try
        {
            ParseResult parsed = CommandLineParser.Parse(_root, CommandSplitter.Split(arguments, "run", _run.All), Parser);
            if (parsed.Errors.Count > 0 && parsed.CommandResult.Command == _root && parsed.UnmatchedTokens is [string word, ..] && !word.StartsWith('-'))
                throw new AngelException(ExitCodes.Usage, Unknown(word));
            if (parsed.Errors.Count > 0)
                throw new AngelException(ExitCodes.Usage, string.Join('\n', parsed.Errors.Select(e => e.Message).Distinct())
                    + $"\n\"seamless-angel {(parsed.CommandResult.Command == _root ? "" : parsed.CommandResult.Command.Name + " ")}--help\" lists what can be said.");
            return await parsed.InvokeAsync(new InvocationConfiguration
            {
                Output = _output,
                Error = _errors,
                EnableDefaultExceptionHandler = false,
                ProcessTerminationTimeout = null, // signals are the angel's own business
            }).ConfigureAwait(false);
        }
        catch (AngelException e)
        {
            foreach (string line in e.Message.Split('\n'))
                await _errors.WriteLineAsync("seamless-angel: " + line).ConfigureAwait(false);
            return e.ExitCode;
        }
    }

    private string Unknown(string word)
    {
        string[] verbs = [.. _root.Subcommands.Select(c => c.Name)];
        return VerbSuggestion.For(word, verbs) is string meant
            ? $"'{word}' is not a verb. Did you mean \"seamless-angel {meant}\"? \"seamless-angel --help\" lists all verbs."
            : $"'{word}' is not a verb. The verbs are {string.Join(", ", verbs)}; a server is started by \"seamless-angel run -- COMMAND\".";
    }

    private Command Run()
    {
        Command command = new("run", "Starts a server and supervises it until it is told to stop. Exits with the server's own exit code (128 + N after signal N), or with one of the angel's own.");
        command.Arguments.Add(_run.Command);
        foreach (Option option in _run.All)
            command.Options.Add(option);
        command.SetAction(parsed => RunVerb.RunAsync(_run, parsed, _output, _errors));
        return command;
    }

    private Command Status()
    {
        Option<bool> json = new("--json") { Description = "The angel's answer as it is, one line." };
        VerbOptions options = new(_statusTimeout);
        Command command = new("status",
            "Shows whether the server runs, since when, its restarts, the descriptors held for it and its last words. Without --name or --runtime-dir of every angel that runs. Exit codes, of several the highest: 0 it runs; 1 the angel was killed; 2 the same, only its lock is left; 3 not running; 4 unknown.");
        options.AddTo(command);
        command.Options.Add(json);
        command.SetAction(parsed => new StatusVerb(_output, _errors).RunAsync(options.FindAll(parsed), options.Timeout(parsed), parsed.GetValue(json)));
        return command;
    }

    private Command Verb(string name, string description, int whenNotRunning)
    {
        VerbOptions options = new(_doneTimeout);
        Command command = new(name, description);
        options.AddTo(command);
        command.SetAction(parsed => new ControlVerb(_output, whenNotRunning).RunAsync(options.Find(parsed), options.What(parsed), name, options.Timeout(parsed)));
        return command;
    }

    private Command Kill()
    {
        Argument<int> signal = new("SIGNAL")
        {
            Description = "A name with or without SIG, or a number. Default: TERM.",
            Arity = ArgumentArity.ZeroOrOne,
            DefaultValueFactory = _ => 15,
            CustomParser = Signal,
        };
        VerbOptions options = new(_doneTimeout);
        Command command = new("kill", "Sends a signal to the server. The angel treats its death as any other.");
        command.Arguments.Add(signal);
        options.AddTo(command);
        command.SetAction(parsed => new ControlVerb(_output, ExitCodes.NotRunning).RunAsync(
            options.Find(parsed), options.What(parsed), "kill " + parsed.GetValue(signal).ToString(System.Globalization.CultureInfo.InvariantCulture), options.Timeout(parsed)));
        return command;
    }

    private Command Spool()
    {
        Argument<string> directory = new("DIR") { Description = "The server's spool directory; \"status\" names it." };
        Command command = new("spool", "Shows what a spool holds: during a reboot, after a crash, or what was quarantined; of any generation.");
        command.Arguments.Add(directory);
        command.SetAction(parsed => SpoolVerb.Run(parsed.GetValue(directory)!, _output));
        return command;
    }

    private static int Signal(ArgumentResult result)
    {
        string text = result.Tokens[0].Value;
        if (SignalName.Parse(text) is int number)
            return number;
        result.AddError($"there is no signal '{text}'. {SignalName.Remedy}");
        return 0;
    }
}

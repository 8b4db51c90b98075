using System.CommandLine;
using SeamlessReboot.Angel.Discovery;

namespace SeamlessReboot.Angel.CommandLine;

/// <summary>What every verb but "run" and "spool" takes: which angel, and how long to wait for it.</summary>
internal sealed class VerbOptions
{
    private readonly TimeSpan _patience;
    private readonly Option<string?> _name = RunOptions.Text("--name", "NAME", "The angel to talk to. Default: the only one that runs.");
    private readonly Option<string?> _directory = RunOptions.Text("--runtime-dir", "DIR", "The same as \"run\" was given.");
    private readonly Option<TimeSpan?> _timeout;

    internal VerbOptions(TimeSpan patience)
    {
        _patience = patience;
        _timeout = RunOptions.Duration("--timeout", $"How long to wait for the angel's answer. Default: {Durations.Format(patience)}.");
    }

    internal void AddTo(Command command)
    {
        command.Options.Add(_name);
        command.Options.Add(_directory);
        command.Options.Add(_timeout);
    }

    internal FoundAngel? Find(ParseResult parsed) => AngelFinder.Find(parsed.GetValue(_name), parsed.GetValue(_directory));

    /// <summary>The one that is named; without a name all that run.</summary>
    internal IReadOnlyList<FoundAngel> FindAll(ParseResult parsed) => parsed.GetValue(_name) is null && parsed.GetValue(_directory) is null
        ? AngelFinder.All().FindAll(a => a.Runs)
        : Find(parsed) is FoundAngel found ? [found] : [];

    internal TimeSpan Timeout(ParseResult parsed) => parsed.GetValue(_timeout) ?? _patience;

    /// <summary>What was looked for, for a message that it was not found.</summary>
    internal string What(ParseResult parsed) => parsed.GetValue(_directory) is string directory ? $"no angel runs in '{directory}'"
        : parsed.GetValue(_name) is string name ? $"no angel '{name}' runs"
        : "no angel runs";
}

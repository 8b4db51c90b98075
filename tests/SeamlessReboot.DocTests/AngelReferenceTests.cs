using System.Diagnostics;
using System.Text.RegularExpressions;
using NUnit.Framework;

namespace SeamlessReboot.DocTests;

/// <summary>The tables of ANGEL_INSTALL.md have what the program has: every verb, option, exit code and state, and nothing else.</summary>
internal sealed partial class AngelReferenceTests
{
    private const string Document = "ANGEL_INSTALL.md";
    private static readonly string[] _askingVerbs = ["status", "reboot", "checkpoint", "stop", "kill"];

    [Test]
    public void Every_verb_is_there() =>
        Assert.That(Cells("## Verbs", "| verb |").Select(c => c.Split(' ')[0].Trim('`')), Is.EquivalentTo(Verb().Matches(HelpOf("--help")).Select(m => m.Groups[1].Value)));

    [Test]
    public void Every_option_of_run_is_there() =>
        Assert.That(Cells("## Options of run", "| option |"), Is.EqualTo(Options("run")));

    [Test]
    public void Every_option_of_the_other_verbs_is_there()
    {
        string[] documented = [.. Cells("## Verbs", "| option |")];
        Assert.That(documented, Is.EquivalentTo(_askingVerbs.SelectMany(Options).Distinct()));
        Assert.That(Options("spool"), Is.Empty);
    }

    [Test]
    public void Every_default_is_what_the_program_says()
    {
        Dictionary<string, string> rows = Section("## Options of run").Where(l => l.StartsWith("| `--", StringComparison.Ordinal)).ToDictionary(l => l.Split('`')[1]);
        Assert.Multiple(() =>
        {
            foreach (Match option in Default().Matches(HelpOf("run", "--help")))
                if (option.Groups[3].Value is { Length: < 12 } value)
                    Assert.That(rows[$"{option.Groups[1].Value} {option.Groups[2].Value}"], Does.Contain($"| {value}"), option.Value);
        });
    }

    [Test]
    public void Every_exit_code_is_there()
    {
        string source = File.ReadAllText(Repository.PathOf("src/SeamlessReboot.Angel/ExitCodes.cs"));
        Assert.That(Cells("## Exit codes", "| code |"), Is.EqualTo(Constant().Matches(source).Select(m => m.Groups[1].Value).Distinct().OrderBy(int.Parse)));
    }

    [Test]
    public void Every_state_is_there()
    {
        string source = File.ReadAllText(Repository.PathOf("src/SeamlessReboot.Angel/State.cs"));
        Assert.That(Cells("## What the angel does, and when", "| state |"), Is.EqualTo(Member().Matches(source).Select(m => m.Groups[1].Value)));
    }

    [Test]
    public void What_is_shown_of_the_python_server_is_in_it()
    {
        string source = File.ReadAllText(Repository.PathOf("samples/python/echo.py"));
        foreach (Fence fence in Fence.ReadAll(File.ReadAllLines(Repository.PathOf(Document))).Where(f => f.Language == "python"))
            Assert.That(source, Does.Contain(string.Join('\n', fence.Text)), $"line {fence.Line}");
    }

    /// <summary>The first cells of a table's rows, without the marks of code.</summary>
    private static IEnumerable<string> Cells(string heading, string table) => Section(heading)
        .SkipWhile(l => !l.StartsWith(table, StringComparison.Ordinal)).Skip(2).TakeWhile(l => l.StartsWith('|'))
        .Select(l => l.Split('|')[1].Trim().Trim('`'));

    private static IEnumerable<string> Section(string heading) => File.ReadLines(Repository.PathOf(Document))
        .SkipWhile(l => l != heading).Skip(1).TakeWhile(l => !l.StartsWith("## ", StringComparison.Ordinal));

    /// <summary>"--name NAME", as the help has them but for its angle brackets; not the help itself.</summary>
    private static IEnumerable<string> Options(string verb) =>
        Option().Matches(HelpOf(verb, "--help")).Select(m => m.Groups[1].Value + (m.Groups[2].Success ? " " + m.Groups[2].Value : ""));

    private static string HelpOf(params string[] words)
    {
        using Process process = Process.Start(new ProcessStartInfo("dotnet", [Repository.Angel, .. words]) { RedirectStandardOutput = true })!;
        string text = process.StandardOutput.ReadToEnd();
        process.WaitForExit();
        return text;
    }

    [GeneratedRegex(@"^  (--[a-z-]+)(?: <(\w+)>)?  ", RegexOptions.Multiline)]
    private static partial Regex Option();

    [GeneratedRegex(@"^  (--[a-z-]+) <(\w+)> .*Default: (.*?)(?:; [^.]*)?\.$", RegexOptions.Multiline)]
    private static partial Regex Default();

    [GeneratedRegex(@"^  ([a-z]+)(?: <\w+>)?  ", RegexOptions.Multiline)]
    private static partial Regex Verb();

    [GeneratedRegex(@"internal const int \w+ = (\d+);")]
    private static partial Regex Constant();

    [GeneratedRegex(@"^    (\w+),", RegexOptions.Multiline)]
    private static partial Regex Member();
}

using System.CommandLine;

namespace SeamlessReboot.Angel.CommandLine;

/// <summary>
/// Lets "run" be written without "--": from the first word that is neither an option of ours nor an option's value, everything
/// is the server's, its options too.
/// </summary>
internal static class CommandSplitter
{
    private static readonly string[] _help = ["--help", "-h", "-?"];

    /// <summary>The arguments with the "--" that was meant.</summary>
    /// <exception cref="AngelException">There is no such option.</exception>
    internal static IReadOnlyList<string> Split(IReadOnlyList<string> arguments, string verb, IReadOnlyList<Option> options)
    {
        if (arguments.Count == 0 || arguments[0] != verb)
            return arguments;
        int i = 1;
        while (i < arguments.Count && arguments[i] != "--" && arguments[i].StartsWith('-') && arguments[i].Length > 1)
        {
            string word = arguments[i++];
            string name = word.Split('=')[0];
            Option? option = options.FirstOrDefault(o => o.Name == name || o.Aliases.Contains(name));
            // The parser would take it for the command's first word.
            if (option is null && !_help.Contains(name))
                throw new AngelException(ExitCodes.Usage, $"there is no option '{name}'. \"seamless-angel {verb} --help\" lists them; the server's own options come after its name.");
            // "--name=x" brings its value along; "--daemon" has none.
            if (option is not null && name == word && option.ValueType != typeof(bool))
                i++;
        }

        return i >= arguments.Count || arguments[i] == "--" ? arguments : [.. arguments.Take(i), "--", .. arguments.Skip(i)];
    }
}

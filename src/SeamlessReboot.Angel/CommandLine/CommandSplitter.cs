using System.CommandLine;

namespace SeamlessReboot.Angel.CommandLine;

/// <summary>
/// Lets "run" be written without "--": from the first word that is neither an option of ours nor an option's value, everything
/// is the server's, its options too.
/// </summary>
internal static class CommandSplitter
{
    /// <summary>The arguments with the "--" that was meant.</summary>
    internal static IReadOnlyList<string> Split(IReadOnlyList<string> arguments, string verb, IReadOnlyList<Option> options)
    {
        if (arguments.Count == 0 || arguments[0] != verb)
            return arguments;
        int i = 1;
        while (i < arguments.Count && arguments[i] != "--" && arguments[i].StartsWith('-') && arguments[i].Length > 1)
        {
            string word = arguments[i++];
            // "--name=x" brings its value along; "--daemon" has none; of an unknown option nobody knows, and the parser will refuse it.
            if (options.FirstOrDefault(o => o.Name == word || o.Aliases.Contains(word)) is Option option && option.ValueType != typeof(bool))
                i++;
        }

        return i >= arguments.Count || arguments[i] == "--" ? arguments : [.. arguments.Take(i), "--", .. arguments.Skip(i)];
    }
}

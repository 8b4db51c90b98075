namespace SeamlessReboot.Angel.CommandLine;

/// <summary>What an angel is called: by --name, else by its server's program.</summary>
internal static class AngelName
{
    internal const int Longest = 64;

    internal const string Remedy = "Use letters, digits, '.', '_' and '-', at most 64, and begin with a letter or a digit.";

    internal static bool IsValid(string name) =>
        name.Length is > 0 and <= Longest && char.IsAsciiLetterOrDigit(name[0])
        && name.All(c => char.IsAsciiLetterOrDigit(c) || c is '.' or '_' or '-');

    /// <summary>The program's file name; for "dotnet X.dll" it is X.</summary>
    internal static string Of(IReadOnlyList<string> command)
    {
        string name = Path.GetFileName(command[0]);
        if (name == "dotnet" && command.Skip(1).FirstOrDefault(a => a.EndsWith(".dll", StringComparison.OrdinalIgnoreCase)) is string assembly)
            name = Path.GetFileNameWithoutExtension(assembly);
        name = string.Concat(name.Select(c => char.IsAsciiLetterOrDigit(c) || c is '.' or '_' or '-' ? c : '_')).TrimStart('.', '_', '-');
        return name.Length == 0 ? "server" : name[..Math.Min(name.Length, Longest)];
    }
}

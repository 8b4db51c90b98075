using System.Globalization;

namespace SeamlessReboot.Angel;

/// <summary>Signals by name, with or without SIG, and by number. The numbers are those of Linux on x64 and arm64.</summary>
internal static class SignalName
{
    private const int Last = 64;

    private static readonly string[] _names =
    [
        "", "HUP", "INT", "QUIT", "ILL", "TRAP", "ABRT", "BUS", "FPE", "KILL", "USR1", "SEGV", "USR2", "PIPE", "ALRM", "TERM", "STKFLT", "CHLD",
        "CONT", "STOP", "TSTP", "TTIN", "TTOU", "URG", "XCPU", "XFSZ", "VTALRM", "PROF", "WINCH", "IO", "PWR", "SYS",
    ];

    internal const string Remedy = "Write a name such as TERM or SIGTERM, or a number from 1 to 64; \"kill -l\" in a shell lists them.";

    /// <returns>Null when there is no such signal.</returns>
    internal static int? Parse(string text)
    {
        if (int.TryParse(text, NumberStyles.None, CultureInfo.InvariantCulture, out int number))
            return number is >= 1 and <= Last ? number : null;
        string name = text.ToUpperInvariant();
        if (name.StartsWith("SIG", StringComparison.Ordinal))
            name = name[3..];
        name = name switch { "IOT" => "ABRT", "CLD" => "CHLD", "POLL" => "IO", _ => name };
        int found = Array.IndexOf(_names, name, 1);
        return found > 0 ? found : null;
    }

    /// <summary>"SIGTERM"; "signal 40" for those without a name.</summary>
    internal static string Of(int signal) =>
        signal > 0 && signal < _names.Length ? "SIG" + _names[signal] : string.Create(CultureInfo.InvariantCulture, $"signal {signal}");
}

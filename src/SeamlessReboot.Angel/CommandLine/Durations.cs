using System.Buffers;
using System.Globalization;

namespace SeamlessReboot.Angel.CommandLine;

/// <summary>Lengths of time as people write them: "500ms", "30s", "1m30s", "2h"; a plain number is seconds.</summary>
internal static class Durations
{
    /// <summary>What a timer of .NET can wait for, in whole days.</summary>
    internal static readonly TimeSpan Longest = TimeSpan.FromDays(24);

    private static readonly SearchValues<char> _digits = SearchValues.Create("0123456789.");

    internal const string Remedy = "Write a number and a unit, such as 500ms, 30s, 2m or 1h; a plain number is seconds.";

    /// <returns>Null when it is no duration, a negative one, or longer than <see cref="Longest"/>.</returns>
    internal static TimeSpan? Parse(string text)
    {
        decimal milliseconds = 0;
        ReadOnlySpan<char> rest = text.AsSpan().Trim();
        if (rest.IsEmpty)
            return null;
        while (!rest.IsEmpty)
        {
            int digits = rest.IndexOfAnyExcept(_digits);
            ReadOnlySpan<char> number = digits < 0 ? rest : rest[..digits];
            rest = rest[number.Length..];
            int letters = rest.IndexOfAny(_digits);
            ReadOnlySpan<char> unit = letters < 0 ? rest : rest[..letters];
            rest = rest[unit.Length..];
            if (!decimal.TryParse(number, NumberStyles.AllowDecimalPoint, CultureInfo.InvariantCulture, out decimal value)
                || Milliseconds(unit.Trim()) is not decimal factor || value > 1_000_000_000_000)
                return null;
            milliseconds += value * factor;
        }

        return milliseconds <= (decimal)Longest.TotalMilliseconds ? TimeSpan.FromMilliseconds((double)milliseconds) : null;
    }

    /// <summary>The shortest way to write it that <see cref="Parse"/> reads back.</summary>
    internal static string Format(TimeSpan duration)
    {
        (string Unit, double Length)[] units = [("h", 3600), ("m", 60), ("s", 1)];
        if (duration == TimeSpan.Zero)
            return "0s";
        foreach ((string unit, double length) in units)
            if (duration.TotalSeconds % length == 0)
                return string.Create(CultureInfo.InvariantCulture, $"{duration.TotalSeconds / length:0}{unit}");
        return string.Create(CultureInfo.InvariantCulture, $"{duration.TotalMilliseconds:0.###}ms");
    }

    private static decimal? Milliseconds(ReadOnlySpan<char> unit) => unit switch
    {
        "" or "s" => 1_000,
        "ms" => 1,
        "m" or "min" => 60_000,
        "h" => 3_600_000,
        "d" => 86_400_000,
        _ => null,
    };
}

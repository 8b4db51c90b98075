using System.Globalization;
using System.Text;

namespace SeamlessReboot.Descriptors;

/// <summary>
/// The note that one image leaves the next in the environment: small, because it has to fit in one variable; everything that
/// grows with the number of sessions is in the spool.
/// </summary>
internal sealed record Inheritance
{
    internal const string Variable = "SEAMLESSREBOOT_INHERITANCE";
    private const string Version = "1";

    public required int Generation { get; init; }

    public required int Pid { get; init; }

    public required long StartTime { get; init; }

    /// <summary>The number of the open spool directory.</summary>
    public required int SpoolFd { get; init; }

    public required string SpoolPath { get; init; }

    public required byte[] Nonce { get; init; }

    /// <summary>Whether the sessions are to come back; false after too many crashes.</summary>
    public required bool Warm { get; init; }

    public required bool AfterCrash { get; init; }

    public required string Reason { get; init; }

    /// <summary>Stopwatch ticks (CLOCK_MONOTONIC, which goes on over exec) when the first session was asked to suspend.</summary>
    public required long FrozenAt { get; init; }

    /// <summary>Stopwatch ticks at which each stage of the old image ended, in the order of the stages.</summary>
    public required IReadOnlyList<long> StageEnds { get; init; }

    /// <summary>The crashes of late, oldest first: seconds since the epoch, and the session that was running (0 when unknown).</summary>
    public required IReadOnlyList<(long Second, long Session)> Crashes { get; init; }

    internal string Encode() => string.Join(';', Version, Text(Generation), Text(Pid), Text(StartTime), Text(SpoolFd),
        Hidden(SpoolPath), Convert.ToHexString(Nonce), Warm ? "warm" : "cold", AfterCrash ? "crash" : "asked", Hidden(Reason),
        Text(FrozenAt), string.Join(',', StageEnds.Select(Text)), string.Join(',', Crashes.Select(c => Text(c.Second) + ":" + Text(c.Session))));

    /// <summary>Null when the text is none of ours, or of a version that this one does not read.</summary>
    internal static Inheritance? Decode(string? text)
    {
        string[] parts = text?.Split(';') ?? [];
        if (parts.Length != 13 || parts[0] != Version)
            return null;
        try
        {
            return new Inheritance
            {
                Generation = (int)Number(parts[1]),
                Pid = (int)Number(parts[2]),
                StartTime = Number(parts[3]),
                SpoolFd = (int)Number(parts[4]),
                SpoolPath = Shown(parts[5]),
                Nonce = Convert.FromHexString(parts[6]),
                Warm = parts[7] == "warm",
                AfterCrash = parts[8] == "crash",
                Reason = Shown(parts[9]),
                FrozenAt = Number(parts[10]),
                StageEnds = [.. List(parts[11]).Select(Number)],
                Crashes = [.. List(parts[12]).Select(c => c.Split(':')).Select(c => (Number(c[0]), Number(c[1])))],
            };
        }
        catch (Exception e) when (e is FormatException or OverflowException or IndexOutOfRangeException)
        {
            return null;
        }
    }

    // Free text may hold the separators.
    private static string Hidden(string text) => Convert.ToBase64String(Encoding.UTF8.GetBytes(text));

    private static string Shown(string hidden) => Encoding.UTF8.GetString(Convert.FromBase64String(hidden));

    private static string Text(long number) => number.ToString(CultureInfo.InvariantCulture);

    private static long Number(string text) => long.Parse(text, NumberStyles.AllowLeadingSign, CultureInfo.InvariantCulture);

    private static string[] List(string text) => text.Split(',', StringSplitOptions.RemoveEmptyEntries);
}

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

    /// <summary>Of this note and of the spool's format together: one more whenever an older version could not read either.</summary>
    internal const string Version = "3";

    public required int Generation { get; init; }

    public required int Pid { get; init; }

    public required long StartTime { get; init; }

    /// <summary>How generation 0 was started: its working directory, umask and ignored signals, and its user's number.</summary>
    public required string Directory { get; init; }

    public required string User { get; init; }

    public required int Umask { get; init; }

    public required long IgnoredSignals { get; init; }

    /// <summary>The number of the open spool directory; -1 when there is none.</summary>
    public required int SpoolFd { get; init; }

    /// <summary>Where the spool directory is, or was; empty when there never was one.</summary>
    public required string SpoolPath { get; init; }

    /// <summary>The number of the memory file that the spool is in; -1 when it is in the directory.</summary>
    public int MemoryFd { get; init; } = -1;

    /// <summary>How to start the release before this one again; empty when that is not known. Opaque here.</summary>
    public string Previous { get; init; } = "";

    public required byte[] Nonce { get; init; }

    /// <summary>Whether the sessions are to come back; false after too many crashes.</summary>
    public required bool Warm { get; init; }

    public required bool AfterCrash { get; init; }

    public required string Reason { get; init; }

    /// <summary>Stopwatch ticks (CLOCK_MONOTONIC, which goes on over exec) when the first session was asked to suspend.</summary>
    public required long FrozenAt { get; init; }

    /// <summary>Stopwatch ticks at which each stage of the old image ended, in the order of the stages.</summary>
    public required long[] StageEnds { get; init; }

    /// <summary>The crashes of late, oldest first.</summary>
    public required CrashMark[] Crashes { get; init; }

    internal string Encode() => string.Join(';', Version, Text(Generation), Text(Pid), Text(StartTime), Text(SpoolFd),
        Hidden(SpoolPath), Convert.ToBase64String(Nonce), Warm ? "warm" : "cold", AfterCrash ? "crash" : "asked", Hidden(Reason),
        Text(FrozenAt), Text(StageEnds), Text(Crashes), Hidden(Directory), Hidden(User), Text(Umask), Text(IgnoredSignals),
        Text(MemoryFd), Previous);

    /// <summary>Null when the text is none of ours, or of a version that this one does not read.</summary>
    internal static Inheritance? Decode(string? text)
    {
        string[] parts = text?.Split(';') ?? [];
        if (parts.Length != 19 || parts[0] != Version)
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
                Nonce = Convert.FromBase64String(parts[6]),
                Warm = parts[7] == "warm",
                AfterCrash = parts[8] == "crash",
                Reason = Shown(parts[9]),
                FrozenAt = Number(parts[10]),
                StageEnds = Numbers(parts[11]),
                Crashes = Marks(parts[12]),
                Directory = Shown(parts[13]),
                User = Shown(parts[14]),
                Umask = (int)Number(parts[15]),
                IgnoredSignals = Number(parts[16]),
                MemoryFd = (int)Number(parts[17]),
                Previous = parts[18],
            };
        }
        catch (Exception e) when (e is FormatException or OverflowException or ArgumentException)
        {
            return null;
        }
    }

    // Free text may hold the separators.
    private static string Hidden(string text) => Convert.ToBase64String(Encoding.UTF8.GetBytes(text));

    private static string Shown(string hidden) => Encoding.UTF8.GetString(Convert.FromBase64String(hidden));

    private static string Text(long number) => number.ToString(CultureInfo.InvariantCulture);

    private static long Number(string text) => long.Parse(text, NumberStyles.AllowLeadingSign, CultureInfo.InvariantCulture);

    private static string Text(long[] numbers)
    {
        StringBuilder text = new();
        foreach (long number in numbers)
            text.Append(text.Length == 0 ? "" : ",").Append(CultureInfo.InvariantCulture, $"{number}");
        return text.ToString();
    }

    private static string Text(CrashMark[] crashes)
    {
        StringBuilder text = new();
        foreach (CrashMark crash in crashes)
            text.Append(text.Length == 0 ? "" : ",").Append(CultureInfo.InvariantCulture, $"{crash.Second}:{crash.Session}");
        return text.ToString();
    }

    // Plain loops: they run in the pause, and LINQ over numbers is code that is compiled at run time.
    private static long[] Numbers(string text)
    {
        string[] parts = text.Split(',', StringSplitOptions.RemoveEmptyEntries);
        long[] numbers = new long[parts.Length];
        for (int i = 0; i < parts.Length; i++)
            numbers[i] = Number(parts[i]);
        return numbers;
    }

    private static CrashMark[] Marks(string text)
    {
        string[] parts = text.Split(',', StringSplitOptions.RemoveEmptyEntries);
        CrashMark[] marks = new CrashMark[parts.Length];
        for (int i = 0; i < parts.Length; i++)
        {
            int colon = parts[i].IndexOf(':', StringComparison.Ordinal);
            marks[i] = new CrashMark(Number(parts[i][..colon]), Number(parts[i][(colon + 1)..]));
        }

        return marks;
    }
}

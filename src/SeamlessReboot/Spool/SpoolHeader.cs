using System.Globalization;
using System.Text;

namespace SeamlessReboot.Spool;

/// <summary>Whose spool it is. All of it has to match before anything in it is believed.</summary>
internal sealed record SpoolHeader
{
    public required int Generation { get; init; }

    public required int Pid { get; init; }

    public required long StartTime { get; init; }

    public required string BootId { get; init; }

    public required string Serializer { get; init; }

    public required DateTimeOffset Written { get; init; }

    /// <summary>The last session number that was given; none is given twice.</summary>
    public long LastId { get; init; }

    internal SpoolRecord ToRecord() => new()
    {
        Kind = SpoolRecordKind.Header,
        State = Encoding.UTF8.GetBytes(string.Create(CultureInfo.InvariantCulture,
            $"{Generation}\n{Pid}\n{StartTime}\n{BootId}\n{Serializer}\n{Written.UtcTicks}\n{LastId}")),
    };

    /// <summary>Null when the record does not say what a header says.</summary>
    internal static SpoolHeader? From(SpoolRecord record)
    {
        string[] lines = Encoding.UTF8.GetString(record.State.Span).Split('\n');
        CultureInfo culture = CultureInfo.InvariantCulture;
        if (lines.Length < 6 || !int.TryParse(lines[0], culture, out int generation) || !int.TryParse(lines[1], culture, out int pid)
            || !long.TryParse(lines[2], culture, out long startTime)
            || !long.TryParse(lines[5], culture, out long ticks) || ticks < 0 || ticks > DateTimeOffset.MaxValue.UtcTicks)
            return null;
        return new SpoolHeader
        {
            Generation = generation,
            Pid = pid,
            StartTime = startTime,
            BootId = lines[3],
            Serializer = lines[4],
            Written = new DateTimeOffset(ticks, TimeSpan.Zero),
            LastId = lines.Length > 6 && long.TryParse(lines[6], culture, out long lastId) ? lastId : 0,
        };
    }
}

using System.Globalization;
using System.Text;
using SeamlessReboot.Angel.Children;
using SeamlessReboot.Angel.Descriptors;

namespace SeamlessReboot.Angel.Monitoring;

/// <summary>One datagram of the notify protocol: lines of NAME=value. Unknown lines are ignored.</summary>
internal sealed record NotifyMessage
{
    private const int LongestText = 1024;

    public bool Ready { get; private init; }

    public bool Reloading { get; private init; }

    public bool Stopping { get; private init; }

    /// <summary>WATCHDOG=1.</summary>
    public bool Heartbeat { get; private init; }

    /// <summary>WATCHDOG=trigger: the server itself reports that it hangs.</summary>
    public bool Trigger { get; private init; }

    /// <summary>WATCHDOG_USEC; zero turns the watchdog off.</summary>
    public TimeSpan? Watchdog { get; private init; }

    public TimeSpan? MoreTime { get; private init; }

    public int? MainPid { get; private init; }

    public int? ErrorNumber { get; private init; }

    public string? Status { get; private init; }

    public bool Store { get; private init; }

    public bool Remove { get; private init; }

    /// <summary>FDNAME, if it is one.</summary>
    public string? Name { get; private init; }

    /// <summary>Whether the descriptors are to be watched for the other side's end.</summary>
    public bool Watched { get; private init; } = true;

    /// <summary>A seamless server has written a checkpoint, or could not.</summary>
    public bool? Checkpoint { get; private init; }

    /// <summary>What a seamless server says of itself.</summary>
    public SeamlessServer? Seamless { get; private init; }

    /// <summary>There was at least one line that this protocol, or the library, knows.</summary>
    public bool IsKnown { get; private init; }

    public static NotifyMessage Parse(ReadOnlySpan<byte> datagram)
    {
        NotifyMessage message = new();
        bool seamless = false, names = false;
        int generation = 0;
        int? reboot = null, checkpoint = null;
        string? spool = null;
        foreach (Range range in datagram.Split((byte)'\n'))
        {
            ReadOnlySpan<byte> line = datagram[range];
            int equals = line.IndexOf((byte)'=');
            if (equals <= 0)
                continue;
            string name = Encoding.Latin1.GetString(line[..Math.Min(equals, 64)]);
            ReadOnlySpan<byte> value = line[(equals + 1)..];
            switch (name)
            {
                case "X_SEAMLESSREBOOT":
                    seamless = value.SequenceEqual("1"u8);
                    break;
                case "X_SEAMLESSREBOOT_NAMES":
                    names = value.SequenceEqual("1"u8);
                    break;
                case "X_SEAMLESSREBOOT_GENERATION":
                    generation = Number(value) ?? 0;
                    break;
                case "X_SEAMLESSREBOOT_REBOOT_SIGNAL":
                    reboot = Signal(value);
                    break;
                case "X_SEAMLESSREBOOT_CHECKPOINT_SIGNAL":
                    checkpoint = Signal(value);
                    break;
                case "X_SEAMLESSREBOOT_SPOOL":
                    spool = Text(value);
                    break;
                default:
                    message = With(message, name, value);
                    break;
            }
        }

        return seamless ? message with { Seamless = new SeamlessServer(generation, reboot, checkpoint, spool, names), IsKnown = true } : message;
    }

    private static NotifyMessage With(NotifyMessage message, string name, ReadOnlySpan<byte> value)
    {
        bool one = value.SequenceEqual("1"u8);
        NotifyMessage changed = name switch
        {
            "READY" when one => message with { Ready = true },
            "RELOADING" when one => message with { Reloading = true },
            "STOPPING" when one => message with { Stopping = true },
            "WATCHDOG" when one => message with { Heartbeat = true },
            "WATCHDOG" when value.SequenceEqual("trigger"u8) => message with { Trigger = true },
            "WATCHDOG_USEC" when Microseconds(value) is TimeSpan time => message with { Watchdog = time },
            "EXTEND_TIMEOUT_USEC" when Microseconds(value) is TimeSpan time => message with { MoreTime = time },
            "MAINPID" when Number(value) is > 1 and int pid => message with { MainPid = pid },
            "ERRNO" when Number(value) is int error => message with { ErrorNumber = error },
            "STATUS" => message with { Status = Text(value) },
            "FDSTORE" when one => message with { Store = true },
            "FDSTOREREMOVE" when one => message with { Remove = true },
            "FDNAME" when Encoding.Latin1.GetString(value) is string text && FdStore.IsName(text) => message with { Name = text },
            "FDPOLL" when value.SequenceEqual("0"u8) => message with { Watched = false },
            "X_SEAMLESSREBOOT_CHECKPOINT" => message with { Checkpoint = one },
            "FDPOLL" or "BARRIER" or "MONOTONIC_USEC" => message with { IsKnown = true },
            _ => message,
        };
        return ReferenceEquals(changed, message) ? message : changed with { IsKnown = true };
    }

    private static int? Number(ReadOnlySpan<byte> value) =>
        int.TryParse(value, NumberStyles.None, CultureInfo.InvariantCulture, out int number) ? number : null;

    private static int? Signal(ReadOnlySpan<byte> value) => Number(value) is >= 1 and <= 64 and int signal ? signal : null;

    // Longer than a hundred years is as good as never, and fits every timer.
    private static TimeSpan? Microseconds(ReadOnlySpan<byte> value) =>
        ulong.TryParse(value, NumberStyles.None, CultureInfo.InvariantCulture, out ulong number)
            ? TimeSpan.FromMicroseconds(Math.Min(number, 3_000_000_000_000_000)) : null;

    // It goes to logs and terminals: nothing that could steer one.
    private static string Text(ReadOnlySpan<byte> value)
    {
        string text = Encoding.UTF8.GetString(value[..Math.Min(value.Length, LongestText)]);
        return string.Create(text.Length, text, static (span, from) =>
        {
            for (int i = 0; i < span.Length; i++)
                span[i] = char.IsControl(from[i]) ? '?' : from[i];
        });
    }
}

using System.Globalization;
using SeamlessReboot;

namespace CounterServer;

/// <summary>The command line.</summary>
internal sealed record Options
{
    public const string Usage = "usage: CounterServer [--port N] [--unix PATH] [--spool DIR] [--state-bytes B] [--checkpoint SECONDS]"
        + " [--rehearsal until-ready|until-start|none] [--ready-timeout SECONDS] [--suspend-timeout SECONDS] [--warm-up SECONDS]"
        + " [--allow-faults]";

    public int? Port { get; init; }

    public string? Unix { get; init; }

    public string? Spool { get; init; }

    public int StateBytes { get; init; } = 2048;

    /// <summary>Time between two checkpoints; the library's default if null.</summary>
    public TimeSpan? Checkpoint { get; init; }

    /// <summary>How far a new release is tried before a reboot.</summary>
    public RehearsalMode Rehearsal { get; init; }

    /// <summary>How long a new release may take until it is ready.</summary>
    public TimeSpan ReadyTimeout { get; init; } = TimeSpan.FromSeconds(30);

    /// <summary>How long the start takes between Start and Ready: for a world that is loaded there.</summary>
    public TimeSpan WarmUp { get; init; }

    /// <summary>How long a reboot waits for a session that is at work.</summary>
    public TimeSpan SuspendTimeout { get; init; } = TimeSpan.FromSeconds(5);

    /// <summary>For tests: lines that begin with '!' make the server fail. See <see cref="Faults"/>.</summary>
    public bool AllowFaults { get; init; }

    /// <summary>For tests: how the start fails. See <see cref="BadRelease"/>.</summary>
    public string? FailStart { get; init; }

    public static Options Parse(IEnumerable<string> arguments)
    {
        Options options = new();
        Queue<string> words = new(arguments);
        while (words.TryDequeue(out string? name))
        {
            options = name switch
            {
                "--port" => options with { Port = Number(Value(words)) },
                "--unix" => options with { Unix = Value(words) },
                "--spool" => options with { Spool = Value(words) },
                "--state-bytes" => options with { StateBytes = Number(Value(words)) },
                "--checkpoint" => options with { Checkpoint = Seconds(words) },
                "--rehearsal" => options with { Rehearsal = Enum.Parse<RehearsalMode>(Value(words).Replace("-", "", StringComparison.Ordinal), ignoreCase: true) },
                "--ready-timeout" => options with { ReadyTimeout = Seconds(words) },
                "--suspend-timeout" => options with { SuspendTimeout = Seconds(words) },
                "--warm-up" => options with { WarmUp = Seconds(words) },
                "--allow-faults" => options with { AllowFaults = true },
                "--fail-start" => options with { FailStart = Value(words) },
                _ => throw new ArgumentException($"{name}? {Usage}"),
            };
        }

        return options is { Port: null, Unix: null } ? options with { Port = 0 } : options;
    }

    private static string Value(Queue<string> words) => words.TryDequeue(out string? value) ? value : throw new ArgumentException(Usage);

    private static TimeSpan Seconds(Queue<string> words) => TimeSpan.FromSeconds(double.Parse(Value(words), CultureInfo.InvariantCulture));

    private static int Number(string text) => int.Parse(text, NumberStyles.None, CultureInfo.InvariantCulture);
}

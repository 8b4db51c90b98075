using System.Globalization;

namespace CounterServer;

/// <summary>The command line.</summary>
internal sealed record Options
{
    private const string Usage = "usage: CounterServer [--port N] [--unix PATH] [--spool DIR] [--state-bytes B]";

    public int? Port { get; init; }

    public string? Unix { get; init; }

    public string? Spool { get; init; }

    public int StateBytes { get; init; } = 2048;

    public static Options Parse(string[] args)
    {
        Options options = new();
        for (int i = 0; i + 1 < args.Length; i += 2)
        {
            string value = args[i + 1];
            options = args[i] switch
            {
                "--port" => options with { Port = Number(value) },
                "--unix" => options with { Unix = value },
                "--spool" => options with { Spool = value },
                "--state-bytes" => options with { StateBytes = Number(value) },
                _ => throw new ArgumentException($"{args[i]}? {Usage}"),
            };
        }

        return args.Length % 2 != 0 ? throw new ArgumentException(Usage)
            : options is { Port: null, Unix: null } ? options with { Port = 0 } : options;
    }

    private static int Number(string text) => int.Parse(text, NumberStyles.None, CultureInfo.InvariantCulture);
}

using System.Globalization;
using System.Net;

namespace Talker;

/// <summary>The command line.</summary>
internal sealed record Options
{
    public const string Usage = "usage: Talker [--port N] [--bind ADDRESS] [--data DIR] [--spool DIR]  or  Talker --demo [--seed N]  or  Talker --help";

    /// <summary>0 lets the kernel choose.</summary>
    public int Port { get; init; } = 4000;

    public IPAddress Bind { get; init; } = IPAddress.Loopback;

    public string Data { get; init; } = "talker-data";

    /// <summary>By default in the data directory, where what was quarantined outlives the machine too.</summary>
    public string Spool { get => field ?? Path.Combine(Data, "spool"); init; }

    public bool Demo { get; init; }

    public int? Seed { get; init; }

    /// <exception cref="FormatException">The command line cannot be understood; the message says what of it.</exception>
    public static Options Parse(IEnumerable<string> arguments)
    {
        Options options = new();
        Queue<string> words = new(arguments);
        while (words.TryDequeue(out string? name))
        {
            options = name switch
            {
                "--port" => options with { Port = Number(name, words, IPEndPoint.MaxPort) },
                "--bind" => options with { Bind = Address(Value(name, words)) },
                "--data" => options with { Data = Value(name, words) },
                "--spool" => options with { Spool = Value(name, words) },
                "--demo" => options with { Demo = true },
                "--seed" => options with { Seed = Number(name, words, int.MaxValue) },
                _ => throw new FormatException($"'{name}' is no option."),
            };
        }

        return options;
    }

    private static string Value(string name, Queue<string> words) =>
        words.TryDequeue(out string? value) ? value : throw new FormatException($"After {name} something is missing.");

    private static int Number(string name, Queue<string> words, int most) =>
        int.TryParse(Value(name, words), NumberStyles.None, CultureInfo.InvariantCulture, out int number) && number <= most
            ? number
            : throw new FormatException($"After {name} there has to be a number from 0 to {most}.");

    private static IPAddress Address(string text) =>
        IPAddress.TryParse(text, out IPAddress? address) ? address : throw new FormatException($"'{text}' is no IP address.");
}

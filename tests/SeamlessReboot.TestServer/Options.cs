using System.Globalization;
using System.Net;
using System.Net.Sockets;

namespace SeamlessReboot.TestServer;

/// <summary>The command line: "--name value", or "--name" alone for a switch.</summary>
internal sealed class Options
{
    private readonly List<(string Name, string Value)> _values = [];

    public Options(string[] args)
    {
        for (int i = 0; i < args.Length; i++)
        {
            if (!args[i].StartsWith("--", StringComparison.Ordinal))
                throw new ArgumentException($"'{args[i]}'? Usage: TestServer [--name [value]]...");
            bool hasValue = i + 1 < args.Length && !args[i + 1].StartsWith("--", StringComparison.Ordinal);
            _values.Add((args[i][2..], hasValue ? args[++i] : ""));
        }
    }

    public bool Has(string name) => _values.Exists(v => v.Name == name);

    public string? Text(string name) => _values.Where(v => v.Name == name).Select(v => v.Value).FirstOrDefault();

    public TimeSpan Time(string name, int milliseconds) =>
        TimeSpan.FromMilliseconds(Text(name) is string text ? int.Parse(text, CultureInfo.InvariantCulture) : milliseconds);

    /// <summary>What to reboot into: a line for each argument in TESTSERVER_COMMAND, or in the file that it names after an '@'.</summary>
    public static IReadOnlyList<string>? Command()
    {
        string? text = Environment.GetEnvironmentVariable("TESTSERVER_COMMAND");
        return (text is ['@', .. string path] ? File.ReadAllText(path) : text)?.Split('\n');
    }

    /// <summary>"--tcp ADDRESS:PORT" and "--unix PATH", as often as wanted; by default one port of the kernel's choice.</summary>
    public IReadOnlyList<EndPoint> EndPoints()
    {
        List<EndPoint> endPoints = [];
        foreach ((string name, string value) in _values)
        {
            if (name == "tcp")
                endPoints.Add(IPEndPoint.Parse(value));
            else if (name == "unix")
                endPoints.Add(new UnixDomainSocketEndPoint(value));
        }

        return endPoints.Count > 0 ? endPoints : [new IPEndPoint(IPAddress.Loopback, 0)];
    }
}

using System.Globalization;
using System.Text.Json.Nodes;

namespace SeamlessReboot.TestServer;

/// <summary>
/// Which release this is: the number in version.txt beside the program, so that two copies of one build are two versions. A
/// broken.txt beside it makes a release that does not start.
/// </summary>
internal sealed class ServerVersion
{
    private ServerVersion(int number) => Number = number;

    public int Number { get; }

    public static ServerVersion Read()
    {
        string path = Path.Combine(AppContext.BaseDirectory, "version.txt");
        return new ServerVersion(File.Exists(path) ? int.Parse(File.ReadAllText(path), CultureInfo.InvariantCulture) : 1);
    }

    /// <summary>broken.txt holds the exit code, or "hang", and on its other lines what is said on stderr.</summary>
    public static void EndIfBroken()
    {
        string path = Path.Combine(AppContext.BaseDirectory, "broken.txt");
        if (!File.Exists(path))
            return;
        string[] lines = File.ReadAllLines(path);
        foreach (string line in lines.Skip(1))
            Console.Error.WriteLine(line);
        if (lines[0] == "hang")
            Thread.Sleep(Timeout.Infinite);
        Environment.Exit(int.Parse(lines[0], CultureInfo.InvariantCulture));
    }

    /// <summary>Version 1 says Count and version 2 says Total; each understands the other.</summary>
    public void Upgrade(Type type, JsonObject stored)
    {
        (string from, string to) = Number >= 2 ? ("Count", "Total") : ("Total", "Count");
        if (!stored.ContainsKey(to) && stored.Remove(from, out JsonNode? value))
            stored[to] = value;
    }
}

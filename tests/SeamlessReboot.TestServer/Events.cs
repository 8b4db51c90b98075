using System.Text.Json;
using System.Text.Json.Nodes;

namespace SeamlessReboot.TestServer;

/// <summary>What the test is told: JSON objects on stdout, a line each, each in one write so that no exec cuts one in two.</summary>
internal static class Events
{
    private static readonly Stream _output = Console.OpenStandardOutput();
    private static readonly Lock _gate = new();

    public static void Tell(string name, JsonObject content)
    {
        content.Insert(0, "event", name);
        byte[] line = [.. JsonSerializer.SerializeToUtf8Bytes(content), (byte)'\n'];
        lock (_gate)
            _output.Write(line);
    }
}

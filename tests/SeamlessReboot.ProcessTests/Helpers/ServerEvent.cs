using System.Text.Json;

namespace SeamlessReboot.ProcessTests.Helpers;

/// <summary>One line that the server has printed.</summary>
internal sealed class ServerEvent(string line)
{
    private readonly JsonElement _content = JsonDocument.Parse(line).RootElement;

    public string Name => Text("event");

    /// <summary>For "log": the name of the log line.</summary>
    public string LogName => _content.TryGetProperty("name", out JsonElement name) ? name.GetString() ?? "" : "";

    public string Message => Text("message");

    public int Generation => Number("generation");

    public IReadOnlyList<int> Ports => [.. _content.GetProperty("ports").EnumerateArray().Select(p => p.GetInt32())];

    public IReadOnlyList<LostInfo> Lost =>
        [.. _content.GetProperty("lost").EnumerateArray().Select(l =>
            new LostInfo(l.GetProperty("id").GetInt64(), l.GetProperty("reason").GetString()!, l.GetProperty("file").GetString()))];

    public int Number(string member) => _content.GetProperty(member).GetInt32();

    public string Text(string member) => _content.GetProperty(member).GetString()!;

    public bool Flag(string member) => _content.GetProperty(member).GetBoolean();

    public override string ToString() => line;
}

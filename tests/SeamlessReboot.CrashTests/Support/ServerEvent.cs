using System.Text.Json;

namespace SeamlessReboot.CrashTests.Support;

/// <summary>A line of JSON that CounterServer has printed.</summary>
internal sealed class ServerEvent(string line)
{
    private readonly JsonElement _content = JsonDocument.Parse(line).RootElement;

    public string Name => _content.GetProperty("event").GetString()!;

    public int Pid => Number("pid");

    public int Generation => Number("generation");

    public int Sessions => Number("sessions");

    public int Lost => Number("lost");

    public DateTimeOffset Written => DateTimeOffset.FromUnixTimeMilliseconds(_content.GetProperty("written").GetInt64());

    public double PauseMilliseconds => _content.GetProperty("pause_ms").GetDouble();

    /// <summary>Why there is no checkpoint; null if there is.</summary>
    public string? Failure => _content.GetProperty("failure").GetString();

    public string Text(string member) => _content.GetProperty(member).GetString()!;

    public int Number(string member) => _content.GetProperty(member).GetInt32();

    public override string ToString() => line;
}

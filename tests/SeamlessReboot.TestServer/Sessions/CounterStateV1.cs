using System.Text.Json.Serialization;

namespace SeamlessReboot.TestServer.Sessions;

/// <summary>The state of version 1: lines are called Count, and there is a Motto that version 2 does without.</summary>
internal sealed class CounterStateV1 : ICounterState
{
    public long Id { get; set; }

    public long Count { get; set; }

    public string Motto { get; set; } = "none";

    [JsonIgnore]
    public long Lines { get => Count; set => Count = value; }

    [JsonIgnore]
    public string Extra { get => Motto; set => Motto = value; }
}

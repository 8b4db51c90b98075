using System.Text.Json.Serialization;

namespace SeamlessReboot.TestServer.Sessions;

/// <summary>The state of version 2: lines are called Total, a Title was added, the Motto has gone.</summary>
internal sealed class CounterStateV2 : ICounterState
{
    public long Id { get; set; }

    public long Total { get; set; }

    public string Title { get; set; } = "newcomer";

    [JsonIgnore]
    public long Lines { get => Total; set => Total = value; }

    [JsonIgnore]
    public string Extra { get => Title; set => Title = value; }
}

using System.Text.Json.Serialization;

namespace CounterServer;

/// <summary>What is carried of one session: its number, how many lines it has sent, and padding to measure with.</summary>
internal sealed class CounterState
{
    public long Id { get; set; }

    public long Count { get; set; }

    public string Padding { get; set; } = "";
}

/// <summary>Generated at build time, so that a restart does not have to reflect over the state.</summary>
[JsonSourceGenerationOptions(GenerationMode = JsonSourceGenerationMode.Metadata)]
[JsonSerializable(typeof(CounterState))]
[JsonSerializable(typeof(long))]
internal sealed partial class CounterJson : JsonSerializerContext;

using System.Text.Json;
using System.Text.Json.Serialization;

namespace CounterServer;

/// <summary>What is carried of one session: its number, how many lines it has sent, and padding to measure with.</summary>
[JsonConverter(typeof(CounterStateConverter))]
internal sealed class CounterState
{
    public long Id { get; set; }

    public long Count { get; set; }

    public string Padding { get; set; } = "";
}

/// <summary>
/// [id, count, "padding"]. Written by hand, because what System.Text.Json generates for members of value types is compiled at first
/// use, and at first use everyone waits. Most servers need not care: without it a reboot takes some milliseconds more.
/// </summary>
internal sealed class CounterStateConverter : JsonConverter<CounterState>
{
    public override CounterState Read(ref Utf8JsonReader reader, Type typeToConvert, JsonSerializerOptions options)
    {
        CounterState state = new();
        reader.Read();
        state.Id = reader.GetInt64();
        reader.Read();
        state.Count = reader.GetInt64();
        reader.Read();
        state.Padding = reader.GetString() ?? "";
        reader.Read();
        return reader.TokenType == JsonTokenType.EndArray ? state : throw new JsonException("A counter has three values.");
    }

    public override void Write(Utf8JsonWriter writer, CounterState value, JsonSerializerOptions options)
    {
        writer.WriteStartArray();
        writer.WriteNumberValue(value.Id);
        writer.WriteNumberValue(value.Count);
        writer.WriteStringValue(value.Padding);
        writer.WriteEndArray();
    }
}

/// <summary>Generated at build time, so that a restart does not have to reflect over the state.</summary>
[JsonSourceGenerationOptions(GenerationMode = JsonSourceGenerationMode.Metadata)]
[JsonSerializable(typeof(CounterState))]
[JsonSerializable(typeof(string))]
internal sealed partial class CounterJson : JsonSerializerContext;

using System.Text.Json.Nodes;
using System.Text.Json.Serialization;

namespace WorkedOut;

// snippet: json
/// <summary>Version 2 of this state. Version 1 called the name Nick, and had no Count.</summary>
internal sealed class GuestState
{
    public string? Name { get; set; }

    public int Count { get; set; }
}

internal sealed class WorldState
{
    public DateTimeOffset NextTick { get; set; }

    public int Ticks { get; set; }
}

[JsonSerializable(typeof(GuestState))]
[JsonSerializable(typeof(WorldState))]
internal sealed partial class StateJson : JsonSerializerContext;
// end snippet

// snippet: upgrade
internal static class StateVersions
{
    /// <summary>Called with what an older version has written, before it is read as the type.</summary>
    public static void Upgrade(Type type, JsonObject stored)
    {
        if (type == typeof(GuestState) && stored["Nick"] is JsonNode nick)
        {
            stored.Remove("Nick");
            stored["Name"] = nick;
        }
    }
}
// end snippet

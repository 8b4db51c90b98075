using System.Globalization;
using System.Text.Json.Serialization;

namespace SeamlessReboot.TestServer.Sessions;

/// <summary>The state of version 3, whose Motto has to be a number: the state of most sessions of version 1 does not load.</summary>
internal sealed class CounterStateV3 : ICounterState
{
    public long Id { get; set; }

    public long Total { get; set; }

    [JsonNumberHandling(JsonNumberHandling.AllowReadingFromString)]
    public long Motto { get; set; }

    [JsonIgnore]
    public long Lines { get => Total; set => Total = value; }

    [JsonIgnore]
    public string Extra
    {
        get => Motto.ToString(CultureInfo.InvariantCulture);
        set => Motto = long.Parse(value, CultureInfo.InvariantCulture);
    }
}

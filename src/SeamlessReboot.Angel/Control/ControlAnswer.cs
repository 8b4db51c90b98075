using System.Text.Json;
using System.Text.Json.Serialization;

namespace SeamlessReboot.Angel.Control;

/// <summary>The answer to every request but status.</summary>
/// <param name="Ok">Whether it has been done.</param>
/// <param name="Message">A sentence.</param>
internal sealed record ControlAnswer(bool Ok, string Message);

/// <summary>The documents of the control socket as JSON.</summary>
[JsonSourceGenerationOptions(PropertyNamingPolicy = JsonKnownNamingPolicy.CamelCase, UseStringEnumConverter = true)]
[JsonSerializable(typeof(ControlAnswer))]
[JsonSerializable(typeof(AngelStatus))]
internal sealed partial class ControlJson : JsonSerializerContext
{
    internal static string Line(ControlAnswer answer) => JsonSerializer.Serialize(answer, Default.ControlAnswer);

    internal static string Line(AngelStatus status) => JsonSerializer.Serialize(status, Default.AngelStatus);
}

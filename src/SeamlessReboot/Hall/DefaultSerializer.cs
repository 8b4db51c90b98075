using System.Diagnostics.CodeAnalysis;
using System.Text.Json;

namespace SeamlessReboot;

/// <summary>The serializer of a server that has named none.</summary>
internal static class DefaultSerializer
{
    [UnconditionalSuppressMessage("Trimming", "IL2026", Justification = "Refused, with the remedy, where reflection has been trimmed away.")]
    [UnconditionalSuppressMessage("AOT", "IL3050", Justification = "Refused, with the remedy, where reflection has been trimmed away.")]
    internal static IStateSerializer Create() => JsonSerializer.IsReflectionEnabledByDefault
        ? new JsonStateSerializer()
        : throw new InvalidOperationException("This program is built without reflection for JSON. "
            + "Set RebooterOptions.Serializer to new JsonStateSerializer(YourJsonContext.Default).");

    /// <summary>Loads, on another processor, what reading is going to need.</summary>
    internal static void Prepare(IStateSerializer serializer)
    {
        if (serializer is JsonStateSerializer)
            new Thread(JsonStateSerializer.Load) { IsBackground = true, Name = "SeamlessReboot" }.UnsafeStart();
    }
}

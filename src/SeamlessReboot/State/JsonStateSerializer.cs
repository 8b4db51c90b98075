using System.Buffers;
using System.Diagnostics.CodeAnalysis;
using System.Text.Json;
using System.Text.Json.Nodes;
using System.Text.Json.Serialization;
using System.Text.Json.Serialization.Metadata;

namespace SeamlessReboot;

/// <summary>State as JSON, by System.Text.Json. The default. Thread-safe.</summary>
/// <remarks>
/// Members that are missing keep their default, members that are unknown are skipped, so that a server can be rebooted into a
/// newer version and back. For a member that has been renamed, pass an upgrade hook.
/// </remarks>
public sealed class JsonStateSerializer : IStateSerializer
{
    private readonly JsonSerializerOptions _options;
    private readonly Action<Type, JsonObject>? _upgrade;

    /// <summary>Uses reflection.</summary>
    /// <param name="upgrade">Called with the stored object before it is read as the type: the place to rename members.</param>
    [RequiresUnreferencedCode("Reflects over the state's types. In a trimmed program pass a JsonSerializerContext.")]
    [RequiresDynamicCode("Reflects over the state's types. In an AOT-compiled program pass a JsonSerializerContext.")]
    public JsonStateSerializer(Action<Type, JsonObject>? upgrade = null)
        : this(new JsonSerializerOptions { TypeInfoResolver = new DefaultJsonTypeInfoResolver() }, upgrade)
    {
    }

    /// <summary>Uses source-generated metadata, which also makes the first reboot of a process faster.</summary>
    /// <param name="context">Has to know every type of state.</param>
    /// <param name="upgrade">Called with the stored object before it is read as the type: the place to rename members.</param>
    public JsonStateSerializer(JsonSerializerContext context, Action<Type, JsonObject>? upgrade = null)
        : this((context ?? throw new ArgumentNullException(nameof(context))).Options, upgrade)
    {
    }

    /// <summary>Uses the given options.</summary>
    /// <param name="options">Their resolver has to know every type of state.</param>
    /// <param name="upgrade">Called with the stored object before it is read as the type: the place to rename members.</param>
    public JsonStateSerializer(JsonSerializerOptions options, Action<Type, JsonObject>? upgrade = null)
    {
        ArgumentNullException.ThrowIfNull(options);
        _options = options;
        _upgrade = upgrade;
    }

    /// <inheritdoc/>
    public string Name => "json";

    /// <summary>Loads what reading needs, whatever the type, so that the first to be read does not wait for it.</summary>
    internal static void Load()
    {
        JsonSerializerOptions options = new() { TypeInfoResolver = JsonTypeInfoResolver.Combine() };
        JsonTypeInfo<string> text = JsonMetadataServices.CreateValueInfo<string>(options, JsonMetadataServices.StringConverter);
        JsonSerializer.Deserialize("\"\""u8, text);
    }

    /// <inheritdoc/>
    public void Serialize(IBufferWriter<byte> writer, object? value, Type type)
    {
        using Utf8JsonWriter json = new(writer, new JsonWriterOptions { SkipValidation = true });
        JsonSerializer.Serialize(json, value, _options.GetTypeInfo(type));
    }

    /// <inheritdoc/>
    public object? Deserialize(ReadOnlyMemory<byte> data, Type type)
    {
        JsonTypeInfo typeInfo = _options.GetTypeInfo(type);
        if (_upgrade is null)
            return JsonSerializer.Deserialize(data.Span, typeInfo);
        JsonNode? node = JsonNode.Parse(data.Span);
        if (node is JsonObject stored)
            _upgrade(type, stored);
        return node.Deserialize(typeInfo);
    }
}

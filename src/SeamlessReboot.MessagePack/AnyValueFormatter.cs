using System.Buffers;
using System.Collections;
using MessagePack;
using MessagePack.Formatters;

namespace SeamlessReboot;

/// <summary>Reads any value for the upgrade hook, and writes it again.</summary>
[ExcludeFormatterFromSourceGeneratedResolver]
internal sealed class AnyValueFormatter : IMessagePackFormatter<object?>
{
    internal static readonly AnyValueFormatter Instance = new();

    private const sbyte DateTimeExtension = -1;

    public object? Deserialize(ref MessagePackReader reader, MessagePackSerializerOptions options)
    {
        switch (reader.NextMessagePackType)
        {
            case MessagePackType.Map:
                return ReadMap(ref reader, options);
            case MessagePackType.Extension when reader.CreatePeekReader().ReadExtensionFormatHeader().TypeCode != DateTimeExtension:
                ExtensionResult extension = reader.ReadExtensionFormat();
                return new ExtensionResult(extension.TypeCode, extension.Data.ToArray()); // what is read may be lent only
            default:
                return PrimitiveObjectFormatter.Instance.Deserialize(ref reader, options);
        }
    }

    public void Serialize(ref MessagePackWriter writer, object? value, MessagePackSerializerOptions options)
    {
        switch (value)
        {
            case ExtensionResult extension:
                writer.WriteExtensionFormat(extension);
                break;
            case IDictionary map:
                writer.WriteMapHeader(map.Count);
                foreach (DictionaryEntry entry in map)
                {
                    Serialize(ref writer, entry.Key, options);
                    Serialize(ref writer, entry.Value, options);
                }

                break;
            case ICollection items and not byte[]:
                writer.WriteArrayHeader(items.Count);
                foreach (object? item in items)
                    Serialize(ref writer, item, options);
                break;
            case not null when value.GetType() != typeof(object) && !PrimitiveObjectFormatter.IsSupportedType(value.GetType(), value):
                MessagePackSerializer.Serialize(value.GetType(), ref writer, value, options.WithCompression(MessagePackCompression.None));
                break;
            default:
                PrimitiveObjectFormatter.Instance.Serialize(ref writer, value, options);
                break;
        }
    }

    private object ReadMap(ref MessagePackReader reader, MessagePackSerializerOptions options)
    {
        int count = reader.ReadMapHeader();
        Dictionary<object, object?> map = new(options.Security.GetEqualityComparer<object>());
        options.Security.DepthStep(ref reader);
        for (int i = 0; i < count; i++)
        {
            object key = Deserialize(ref reader, options) ?? throw new MessagePackSerializationException("A map has nil for a key.");
            map.Add(key, Deserialize(ref reader, options));
        }

        reader.Depth--;
        return map.Keys.All(k => k is string)
            ? map.ToDictionary(p => (string)p.Key, p => p.Value, options.Security.GetEqualityComparer<string>())
            : map;
    }
}

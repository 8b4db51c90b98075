using System.Buffers;
using MessagePack.Formatters;

namespace MessagePackTests;

/// <summary>An extension type of somebody's own.</summary>
public sealed class ExtensionFormatter : IMessagePackFormatter<ExtensionResult>
{
    public ExtensionResult Deserialize(ref MessagePackReader reader, MessagePackSerializerOptions options)
    {
        ExtensionResult read = reader.ReadExtensionFormat();
        return new ExtensionResult(read.TypeCode, read.Data.ToArray());
    }

    public void Serialize(ref MessagePackWriter writer, ExtensionResult value, MessagePackSerializerOptions options) => writer.WriteExtensionFormat(value);
}

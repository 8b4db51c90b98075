using System.Buffers;
using MessagePack.Resolvers;

namespace MessagePackTests;

/// <summary>What the tests do with a serializer.</summary>
internal static class State
{
    internal static byte[] Write<T>(this MessagePackStateSerializer serializer, T value)
    {
        ArrayBufferWriter<byte> writer = new();
        serializer.Serialize(writer, value, typeof(T));
        return writer.WrittenSpan.ToArray();
    }

    internal static T? Read<T>(this MessagePackStateSerializer serializer, byte[] data) => (T?)serializer.Deserialize(data, typeof(T));

    /// <summary>Raw MessagePack, as somebody else would write it.</summary>
    internal static byte[] Raw(object? value) => MessagePackSerializer.Serialize(value, PrimitiveObjectResolver.Options);

    /// <summary>Options with MessagePack's own, trusting, defaults.</summary>
    internal static MessagePackSerializerOptions Options(params IFormatterResolver[] resolvers) => new(CompositeResolver.Create(resolvers));

    internal static void Rename(IDictionary<string, object?> stored, string from, string to)
    {
        if (stored.Remove(from, out object? value))
            stored[to] = value;
    }
}

using System.Buffers;
using System.Collections.Concurrent;
using System.Diagnostics.CodeAnalysis;
using MessagePack;

namespace SeamlessReboot;

/// <summary>
/// MessagePack's generic methods behind a <see cref="Type"/>. Its own way there compiles ten expressions for each type, which
/// is time that every client would wait for, in the first moment of every new process.
/// </summary>
internal abstract class TypedSerializer
{
    private static readonly ConcurrentDictionary<Type, TypedSerializer> _known = new();

    [UnconditionalSuppressMessage("Trimming", "IL2055", Justification = "Said by the constructors of MessagePackStateSerializer.")]
    [UnconditionalSuppressMessage("AOT", "IL3050", Justification = "Said by the constructors of MessagePackStateSerializer.")]
    internal static TypedSerializer Of(Type type) =>
        _known.GetOrAdd(type, static t => (TypedSerializer)Activator.CreateInstance(typeof(Typed<>).MakeGenericType(t))!);

    internal abstract void Serialize(IBufferWriter<byte> writer, object? value, MessagePackSerializerOptions options);

    internal abstract object? Deserialize(ref MessagePackReader reader, MessagePackSerializerOptions options);

    private sealed class Typed<T> : TypedSerializer
    {
        internal override void Serialize(IBufferWriter<byte> writer, object? value, MessagePackSerializerOptions options) =>
            MessagePackSerializer.Serialize(writer, (T)value!, options);

        internal override object? Deserialize(ref MessagePackReader reader, MessagePackSerializerOptions options) =>
            MessagePackSerializer.Deserialize<T>(ref reader, options);
    }
}

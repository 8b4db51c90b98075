using System.Buffers;
using System.Diagnostics.CodeAnalysis;
using MessagePack;
using MessagePack.Resolvers;

namespace SeamlessReboot;

/// <summary>State as MessagePack, by MessagePack-CSharp. Thread-safe.</summary>
/// <remarks>
/// <para>Types are marked with <c>[MessagePackObject]</c>. With string keys, members that are missing keep their default and
/// members that are unknown are skipped, so that a server can be rebooted into a newer version and back; for a member that has
/// been renamed, pass an upgrade hook. With integer keys a name does not matter; give each new member a number never used
/// before, and mind that a number taken out between two others is written as nil, which an older version cannot read into a
/// member that is a number or another value type.</para>
/// <para>The bytes are read as untrusted, whatever the options say: nested at most 500 deep; dictionaries and sets
/// only of keys that MessagePack can hash safely (numbers, bool, char, string, Guid, DateTime, DateTimeOffset, enums); at most
/// 64 MB once decompressed; and never a type that the bytes name, so no typeless formatter and no member of type
/// <see cref="Type"/>. Such state is written, but it is not read.</para>
/// </remarks>
public sealed class MessagePackStateSerializer : IStateSerializer
{
    private const string NeedsReflection = "MessagePack reflects over the state's types. In a trimmed program use JsonStateSerializer with a JsonSerializerContext.";
    private const string NeedsDynamicCode = "MessagePack compiles code at run time. In an AOT-compiled program use JsonStateSerializer with a JsonSerializerContext.";

    private readonly MessagePackSerializerOptions _options;
    private readonly MessagePackSerializerOptions _anyOptions;
    private readonly Action<Type, IDictionary<string, object?>>? _upgrade;

    /// <summary>Uses the standard resolver: formatters generated at build time where there are any, else reflection.</summary>
    /// <param name="upgrade">
    /// Called with the stored map before it is read as the type: the place to rename members. What it finds is described at the
    /// other constructor.
    /// </param>
    [RequiresUnreferencedCode(NeedsReflection)]
    [RequiresDynamicCode(NeedsDynamicCode)]
    public MessagePackStateSerializer(Action<Type, IDictionary<string, object?>>? upgrade = null)
        : this(MessagePackSerializerOptions.Standard, upgrade)
    {
    }

    /// <summary>Uses the given options.</summary>
    /// <param name="options">
    /// Resolver and compression are taken as they are. Security settings that are weaker than
    /// <see cref="MessagePackSecurity.UntrustedData"/> are raised to it, stricter ones are kept; the old specification is not used.
    /// </param>
    /// <param name="upgrade">
    /// Called with the stored map before it is read as the type: the place to rename members. For string-keyed types; state
    /// that is no map, or a map with other keys, is read without it. Maps inside are again <see cref="IDictionary{TKey, TValue}"/> of
    /// string (of object, if a key is no string), arrays are object[], and a number has the smallest type that holds
    /// it (use <see cref="Convert"/>). Called by several threads at once if <see cref="Deserialize"/> is.
    /// </param>
    /// <exception cref="ArgumentException">The resolver is a typeless one.</exception>
    [RequiresUnreferencedCode(NeedsReflection)]
    [RequiresDynamicCode(NeedsDynamicCode)]
    public MessagePackStateSerializer(MessagePackSerializerOptions options, Action<Type, IDictionary<string, object?>>? upgrade = null)
    {
        ArgumentNullException.ThrowIfNull(options);
        // The probe makes a resolver load much that it may never need: 5 ms of every new process, spared where the answer is known.
        if (!ReferenceEquals(options.Resolver, StandardResolver.Instance) && TypelessProbe.IsTypeless(options.Resolver))
            throw new ArgumentException("The resolver is a typeless one: it makes whatever types the bytes name, which is a way for "
                + "foreign code to run. Use StandardResolver or ContractlessStandardResolver, and [Union] for members that have "
                + "several types.", nameof(options));
        _options = UntrustedOptions.From(options);
        _anyOptions = _options.WithResolver(CompositeResolver.Create([AnyValueFormatter.Instance], [_options.Resolver]));
        _upgrade = upgrade;
    }

    /// <inheritdoc/>
    public string Name => "messagepack";

    /// <inheritdoc/>
    /// <exception cref="MessagePackSerializationException">The value cannot be written, for instance because its type is not marked.</exception>
    /// <exception cref="InvalidCastException">The value is no <paramref name="type"/>.</exception>
    public void Serialize(IBufferWriter<byte> writer, object? value, Type type)
    {
        ArgumentNullException.ThrowIfNull(writer);
        ArgumentNullException.ThrowIfNull(type);
        TypedSerializer.Of(type).Serialize(writer, value, _options);
    }

    /// <inheritdoc/>
    /// <exception cref="MessagePackSerializationException">
    /// The bytes are no <paramref name="type"/>, too deeply nested, or more than one value. What the upgrade hook throws comes
    /// through as it is.
    /// </exception>
    public object? Deserialize(ReadOnlyMemory<byte> data, Type type)
    {
        ArgumentNullException.ThrowIfNull(type);
        if (_upgrade is not null && MayBeMap(data) && Read(data, typeof(object), _anyOptions) is IDictionary<string, object?> stored)
        {
            _upgrade(type, stored);
            data = MessagePackSerializer.Serialize<object>(stored, _anyOptions);
        }

        return Read(data, type, _options);
    }

    private static object? Read(ReadOnlyMemory<byte> data, Type type, MessagePackSerializerOptions options)
    {
        MessagePackReader reader = new(data);
        object? value = TypedSerializer.Of(type).Deserialize(ref reader, options);
        return reader.End
            ? value
            : throw new MessagePackSerializationException($"The state of type {type} ends after {reader.Consumed} of {data.Length} bytes. "
                + "It was written by something else, or is damaged.");
    }

    private bool MayBeMap(ReadOnlyMemory<byte> data) =>
        !data.IsEmpty && (_options.Compression != MessagePackCompression.None || new MessagePackReader(data).NextMessagePackType == MessagePackType.Map);
}

using MessagePack;

namespace SeamlessReboot;

/// <summary>Somebody's options, with nothing left in them that trusts the bytes.</summary>
internal sealed class UntrustedOptions : MessagePackSerializerOptions
{
    private UntrustedOptions(MessagePackSerializerOptions copyFrom)
        : base(copyFrom)
    {
    }

    internal static MessagePackSerializerOptions From(MessagePackSerializerOptions options) =>
        new UntrustedOptions(options)
            .WithOldSpec(false) // it has one type for text and bytes, and the upgrade hook has to tell them apart
            .WithSecurity(Raise(options.Security));

    /// <summary>Where a type formatter of the package itself, or a typeless one on a single member, asks for the type that the bytes name.</summary>
    public override Type? LoadType(string typeName) => throw Refuse(typeName);

    /// <summary>Asked as well, because the typeless formatter keeps types that it was once given under other options.</summary>
    public override void ThrowIfDeserializingTypeIsDisallowed(Type type) => throw Refuse(type.FullName);

    /// <inheritdoc/>
    protected override MessagePackSerializerOptions Clone() => new UntrustedOptions(this);

    private static MessagePackSecurity Raise(MessagePackSecurity given)
    {
        MessagePackSecurity floor = MessagePackSecurity.UntrustedData;
        return given
            .WithHashCollisionResistant(true)
            .WithMaximumObjectGraphDepth(Math.Min(given.MaximumObjectGraphDepth, floor.MaximumObjectGraphDepth))
            .WithMaximumDecompressedSize(Math.Min(given.MaximumDecompressedSize, floor.MaximumDecompressedSize));
    }

    private static MessagePackSerializationException Refuse(string? typeName) =>
        new($"The state names a type to be loaded, '{typeName}'. State never does: declare the member with a type of its own, "
            + "or with [Union] if there are several.");
}

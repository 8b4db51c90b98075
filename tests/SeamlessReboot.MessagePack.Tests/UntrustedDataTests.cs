using MessagePack.Formatters;
using MessagePack.Resolvers;

namespace MessagePackTests;

internal sealed class UntrustedDataTests
{
    private readonly MessagePackStateSerializer _serializer = new();

    private static IEnumerable<IFormatterResolver> TypelessResolvers =>
    [
        TypelessObjectResolver.Instance,
        TypelessContractlessStandardResolver.Instance,
        CompositeResolver.Create(BuiltinResolver.Instance, TypelessObjectResolver.Instance),
        CompositeResolver.Create(StandardResolver.Instance, TypelessObjectResolver.Instance),
        CompositeResolver.Create([TypelessFormatter.Instance], [StandardResolver.Instance]),
    ];

    [TestCaseSource(nameof(TypelessResolvers))]
    public void A_typeless_resolver_is_refused(IFormatterResolver resolver) =>
        Assert.That(() => new MessagePackStateSerializer(State.Options(resolver)),
            Throws.ArgumentException.With.Property(nameof(ArgumentException.ParamName)).EqualTo("options").And.Message.Contains("[Union]"));

    [Test]
    public void The_usual_resolvers_are_accepted()
    {
        IFormatterResolver[] resolvers = [StandardResolver.Instance, StandardResolverAllowPrivate.Instance, ContractlessStandardResolver.Instance,
            ContractlessStandardResolverAllowPrivate.Instance, SourceGeneratedFormatterResolver.Instance, NativeDateTimeResolver.Instance];

        foreach (IFormatterResolver resolver in resolvers)
            Assert.DoesNotThrow(() => _ = new MessagePackStateSerializer(State.Options(resolver)), resolver.GetType().Name);
    }

    [Test]
    public void A_typeless_member_is_not_read()
    {
        MessagePackStateSerializer serializer = new(ContractlessStandardResolverAllowPrivate.Options);
        byte[] data = serializer.Write(new Smuggler { Cargo = new Unmarked { Word = "w" } });

        Assert.That(() => serializer.Read<Smuggler>(data), Throws.TypeOf<MessagePackSerializationException>()
            .With.InnerException.Message.Contains("names a type to be loaded"));
    }

    [Test]
    public void A_typeless_member_is_not_read_even_if_its_type_has_been_read_before()
    {
        Smuggler smuggler = new() { Cargo = new Unmarked { Word = "w" } };
        byte[] trusted = MessagePackSerializer.Serialize(smuggler, ContractlessStandardResolverAllowPrivate.Options);
        Assert.That(MessagePackSerializer.Deserialize<Smuggler>(trusted, ContractlessStandardResolverAllowPrivate.Options).Cargo, Is.InstanceOf<Unmarked>());
        MessagePackStateSerializer serializer = new(ContractlessStandardResolverAllowPrivate.Options);

        Assert.Throws<MessagePackSerializationException>(() => serializer.Read<Smuggler>(trusted));
    }

    [Test]
    public void A_type_named_in_the_state_is_not_even_looked_for()
    {
        byte[] data = State.Raw("No.Such.Type, Nowhere");

        Assert.That(() => _serializer.Read<Type>(data), Throws.TypeOf<MessagePackSerializationException>()
            .With.InnerException.Message.Contains("names a type to be loaded"));
    }

    [Test]
    public void State_nested_400_deep_is_read()
    {
        Box? read = _serializer.Read<Box>(_serializer.Write(Box.Nested(400)));

        Assert.That(read!.Depth, Is.EqualTo(400));
    }

    [Test]
    public void State_nested_600_deep_is_refused()
    {
        byte[] data = _serializer.Write(Box.Nested(600));

        Assert.Throws<MessagePackSerializationException>(() => _serializer.Read<Box>(data));
    }

    [TestCase(typeof(object))]
    [TestCase(typeof(object[]))]
    [TestCase(typeof(Box))]
    [TestCase(typeof(NewVersion.Player))]
    public void A_hundred_thousand_levels_do_not_overflow_the_stack(Type type)
    {
        byte[] arrays = [.. Enumerable.Repeat((byte)0x91, 100_000), 0xc0];
        byte[] maps = [.. Enumerable.Repeat(new byte[] { 0x81, 0xa5, (byte)'i', (byte)'n', (byte)'n', (byte)'e', (byte)'r' }, 100_000).SelectMany(b => b), 0xc0];
        byte[] below = [0x81, 0xa1, (byte)'?', .. arrays];
        MessagePackStateSerializer hooked = new((_, _) => { });
        foreach (byte[] data in new[] { arrays, maps, below })
        {
            Assert.That(() => hooked.Deserialize(data, type), Throws.TypeOf<MessagePackSerializationException>());
            try
            {
                _ = _serializer.Deserialize(data, type); // an unknown member is skipped, however deep it is
            }
            catch (MessagePackSerializationException)
            {
            }
        }
    }

    [Test]
    public void A_dictionary_that_has_been_read_hashes_safely()
    {
        Dictionary<int, int> read = _serializer.Read<Dictionary<int, int>>(_serializer.Write(new Dictionary<int, int> { [1] = 2 }))!;

        Assert.That(read.Comparer, Is.SameAs(MessagePackSecurity.UntrustedData.GetEqualityComparer<int>()));
    }

    [Test]
    public void A_dictionary_whose_keys_cannot_be_hashed_safely_is_refused()
    {
        byte[] data = _serializer.Write(new Dictionary<(int X, int Y), string> { [(1, 2)] = "here" });

        Assert.Throws<MessagePackSerializationException>(() => _serializer.Read<Dictionary<(int X, int Y), string>>(data));
    }

    [Test]
    public void A_map_with_the_same_key_twice_is_refused_before_the_hook()
    {
        MessagePackStateSerializer hooked = new((_, _) => throw new InvalidOperationException("The hook was called."));

        Assert.Throws<MessagePackSerializationException>(() => hooked.Read<NewVersion.Player>([0x82, 0xa1, (byte)'a', 1, 0xa1, (byte)'a', 2]));
    }

    [Test]
    public void Options_that_trust_the_bytes_are_made_not_to()
    {
        MessagePackSerializerOptions trusting = MessagePackSerializerOptions.Standard
            .WithSecurity(MessagePackSecurity.TrustedData.WithMaximumObjectGraphDepth(100_000));
        MessagePackStateSerializer serializer = new(trusting);
        byte[] deep = serializer.Write(Box.Nested(600));

        Assert.Throws<MessagePackSerializationException>(() => serializer.Read<Box>(deep));
        Assert.That(serializer.Read<Dictionary<int, int>>([0x80])!.Comparer, Is.SameAs(MessagePackSecurity.UntrustedData.GetEqualityComparer<int>()));
    }

    [Test]
    public void State_that_swells_beyond_64_MB_is_refused()
    {
        MessagePackStateSerializer serializer = new(MessagePackSerializerOptions.Standard.WithCompression(MessagePackCompression.Lz4BlockArray));
        byte[] data = serializer.Write(new byte[65 << 20]);

        Assert.That(data, Has.Length.LessThan(1 << 20));
        Assert.Throws<MessagePackSerializationException>(() => serializer.Read<byte[]>(data));
    }

    [Test]
    public void Options_that_are_stricter_are_kept()
    {
        MessagePackSerializerOptions strict = MessagePackSerializerOptions.Standard
            .WithSecurity(MessagePackSecurity.UntrustedData.WithMaximumObjectGraphDepth(10));
        MessagePackStateSerializer serializer = new(strict);

        Assert.Throws<MessagePackSerializationException>(() => serializer.Read<Box>(serializer.Write(Box.Nested(20))));
    }

    [Test]
    public void Bytes_after_the_value_are_an_error()
    {
        byte[] data = [.. _serializer.Write(new OldVersion.Player { Nick = "ann" }), 0xc0];
        MessagePackStateSerializer hooked = new((_, _) => { });

        Assert.That(() => _serializer.Read<OldVersion.Player>(data), Throws.TypeOf<MessagePackSerializationException>().With.Message.Contains("ends after"));
        Assert.That(() => hooked.Read<OldVersion.Player>(data), Throws.TypeOf<MessagePackSerializationException>().With.Message.Contains("ends after"));
    }
}

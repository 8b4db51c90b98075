namespace MessagePackTests;

internal sealed class UpgradeHookTests
{
    [Test]
    public void A_renamed_member_loads_through_the_hook()
    {
        MessagePackStateSerializer serializer = new((type, stored) =>
        {
            if (type == typeof(NewVersion.Player))
                State.Rename(stored, "nick", "name");
        });

        NewVersion.Player read = serializer.Read<NewVersion.Player>(serializer.Write(new OldVersion.Player { Nick = "ann", Level = 3 }))!;

        Assert.Multiple(() =>
        {
            Assert.That(read.Name, Is.EqualTo("ann"));
            Assert.That(read.Level, Is.EqualTo(3));
        });
    }

    [Test]
    public void A_renamed_member_loads_in_the_older_version_through_its_own_hook()
    {
        MessagePackStateSerializer serializer = new((_, stored) => State.Rename(stored, "name", "nick"));

        OldVersion.Player read = serializer.Read<OldVersion.Player>(serializer.Write(new NewVersion.Player { Name = "ann" }))!;

        Assert.That(read.Nick, Is.EqualTo("ann"));
    }

    [Test]
    public void A_member_renamed_in_an_inner_object_loads_through_the_hook()
    {
        MessagePackStateSerializer serializer = new((_, stored) =>
        {
            foreach (object? letter in (object?[])stored["mail"]!)
                State.Rename((IDictionary<string, object?>)letter!, "sender", "from");
        });

        NewVersion.Player read = serializer.Read<NewVersion.Player>(serializer.Write(new OldVersion.Player { Mail = [new() { Sender = "bob" }] }))!;

        Assert.That(read.Mail.Select(l => l.From), Is.EqualTo(new[] { "bob" }));
    }

    [Test]
    public void A_member_that_the_hook_adds_is_read_whatever_its_type()
    {
        Guid id = Guid.NewGuid();
        MessagePackStateSerializer serializer = new((_, stored) =>
        {
            stored["id"] = id;
            stored["thing"] = new Treasure { Worth = 12.50m };
            stored["count"] = Convert.ToInt64(stored["count"], null) + 1;
        });

        Chest read = serializer.Read<Chest>(State.Raw(new Dictionary<string, object> { ["count"] = 255 }))!;

        Assert.Multiple(() =>
        {
            Assert.That(read.Id, Is.EqualTo(id));
            Assert.That(read.Thing!.Worth, Is.EqualTo(12.50m));
            Assert.That(read.Count, Is.EqualTo(256));
        });
    }

    [TestCase(MessagePackCompression.None)]
    [TestCase(MessagePackCompression.Lz4BlockArray)]
    public void What_the_hook_leaves_alone_comes_through_unchanged(MessagePackCompression compression)
    {
        Chest chest = new()
        {
            Id = Guid.NewGuid(),
            Count = long.MinValue,
            Share = 0.1f,
            Weight = 1e300,
            Made = new DateTime(2026, 1, 2, 3, 4, 5, DateTimeKind.Utc).AddTicks(6),
            Seal = [0, 255, 128],
            Places = new() { [-1] = "below", [300] = "above" },
            Thing = new Treasure { Worth = 1.10m },
            Foreign = new ExtensionResult(42, new byte[] { 1, 2, 3 }),
        };
        MessagePackSerializerOptions options = MessagePackSerializerOptions.Standard.WithCompression(compression);
        MessagePackStateSerializer plain = new(options);
        MessagePackStateSerializer hooked = new(options, (_, _) => MessagePackSerializer.Serialize(new byte[1000], options));
        byte[] data = plain.Write(chest);

        Assert.That(plain.Write(hooked.Read<Chest>(data)), Is.EqualTo(data));
    }

    [Test]
    public void Compressed_state_passes_through_the_hook()
    {
        MessagePackSerializerOptions options = MessagePackSerializerOptions.Standard.WithCompression(MessagePackCompression.Lz4BlockArray);
        MessagePackStateSerializer serializer = new(options, (_, stored) =>
        {
            State.Rename(stored, "nick", "name");
            stored["friends"] = new HashSet<string>(Enumerable.Range(0, 100).Select(i => $"friend {i}"));
        });

        NewVersion.Player read = serializer.Read<NewVersion.Player>(serializer.Write(new OldVersion.Player { Nick = new string('x', 1000) }))!;

        Assert.That(read.Name, Has.Length.EqualTo(1000));
        Assert.That(read.Friends, Has.Count.EqualTo(100));
    }

    [TestCase(typeof(OldVersion.Account))]
    [TestCase(typeof(Dictionary<int, string>))]
    [TestCase(typeof(string))]
    public void State_that_is_no_string_keyed_map_is_read_without_the_hook(Type type)
    {
        object value = type == typeof(string) ? "text" : type == typeof(OldVersion.Account) ? new OldVersion.Account { Nick = "ann" }
            : new Dictionary<int, string> { [1] = "one" };
        MessagePackStateSerializer serializer = new((_, _) => throw new InvalidOperationException("The hook was called."));
        byte[] data = MessagePackSerializer.Serialize(type, value);

        Assert.That(serializer.Deserialize(data, type), Is.InstanceOf(type));
    }

    [Test]
    public void What_the_hook_throws_comes_through_as_it_is()
    {
        MessagePackStateSerializer serializer = new((_, _) => throw new InvalidDataException("too old"));
        byte[] data = serializer.Write(new OldVersion.Player());

        Assert.That(() => serializer.Read<NewVersion.Player>(data), Throws.TypeOf<InvalidDataException>().With.Message.EqualTo("too old"));
    }

    [Test]
    public void What_the_hook_adds_that_cannot_be_written_is_an_error()
    {
        MessagePackStateSerializer serializer = new((_, stored) => stored["name"] = new object());
        byte[] data = serializer.Write(new OldVersion.Player());

        Assert.Throws<MessagePackSerializationException>(() => serializer.Read<NewVersion.Player>(data));
    }
}

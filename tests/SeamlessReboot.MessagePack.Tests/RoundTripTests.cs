using MessagePack.Resolvers;

namespace MessagePackTests;

internal sealed class RoundTripTests
{
    private readonly MessagePackStateSerializer _serializer = new();

    [Test]
    public void The_name_in_the_spool_is_messagepack() => Assert.That(_serializer.Name, Is.EqualTo("messagepack"));

    [Test]
    public void A_player_comes_back_as_she_was()
    {
        NewVersion.Player player = new() { Name = "Zoë", Room = "garden", Level = 70_000, Friends = ["bob", "✿"], Mail = [new() { From = "bob" }] };

        NewVersion.Player? read = _serializer.Read<NewVersion.Player>(_serializer.Write(player));

        Assert.That(read, Is.Not.Null);
        Assert.Multiple(() =>
        {
            Assert.That(read.Name, Is.EqualTo("Zoë"));
            Assert.That(read.Room, Is.EqualTo("garden"));
            Assert.That(read.Level, Is.EqualTo(70_000));
            Assert.That(read.Friends, Is.EqualTo(player.Friends));
            Assert.That(read.Mail.Select(l => l.From), Is.EqualTo(new[] { "bob" }));
        });
    }

    [Test]
    public void Null_is_state_too()
    {
        byte[] data = _serializer.Write<NewVersion.Player?>(null);

        Assert.That(_serializer.Read<NewVersion.Player>(data), Is.Null);
    }

    [Test]
    public void Simple_values_come_back_under_their_declared_type()
    {
        DateTime now = new(2026, 2, 3, 4, 5, 6, DateTimeKind.Utc);
        Assert.Multiple(() =>
        {
            Assert.That(_serializer.Read<long>(_serializer.Write(5L)), Is.EqualTo(5L));
            Assert.That(_serializer.Read<string>(_serializer.Write("text")), Is.EqualTo("text"));
            Assert.That(_serializer.Read<DateTime>(_serializer.Write(now)), Is.EqualTo(now));
            Assert.That(_serializer.Read<byte[]>(_serializer.Write<byte[]>([1, 2, 255])), Is.EqualTo(new byte[] { 1, 2, 255 }));
            Assert.That(_serializer.Read<int?>(_serializer.Write<int?>(null)), Is.Null);
        });
    }

    [Test]
    public void A_dictionary_of_who_is_where_comes_back()
    {
        Dictionary<string, List<int>> rooms = new() { ["hall"] = [1, 2], ["garden"] = [] };

        Assert.That(_serializer.Read<Dictionary<string, List<int>>>(_serializer.Write(rooms)), Is.EqualTo(rooms));
    }

    [Test]
    public void One_of_several_kinds_comes_back_as_its_kind()
    {
        Thing read = _serializer.Read<Thing>(_serializer.Write<Thing>(new Thing.Sword { Edge = 3 }))!;

        Assert.That(read, Is.InstanceOf<Thing.Sword>().With.Property(nameof(Thing.Sword.Edge)).EqualTo(3));
    }

    [Test]
    public void Unmarked_types_work_with_the_contractless_resolver()
    {
        MessagePackStateSerializer serializer = new(ContractlessStandardResolverAllowPrivate.Options);

        Assert.That(serializer.Read<Unmarked>(serializer.Write(new Unmarked { Word = "w" }))!.Word, Is.EqualTo("w"));
    }

    [Test]
    public void An_unmarked_type_is_refused_when_it_is_written() =>
        Assert.Throws<MessagePackSerializationException>(() => _serializer.Write(new Unmarked()));

    [Test]
    public void Compressed_state_comes_back()
    {
        MessagePackStateSerializer serializer = new(MessagePackSerializerOptions.Standard.WithCompression(MessagePackCompression.Lz4BlockArray));
        NewVersion.Player player = new() { Name = new string('x', 10_000) };

        byte[] data = serializer.Write(player);

        Assert.That(data, Has.Length.LessThan(1000));
        Assert.That(serializer.Read<NewVersion.Player>(data)!.Name, Is.EqualTo(player.Name));
    }

    [Test]
    public void Many_threads_may_use_one_serializer()
    {
        MessagePackStateSerializer serializer = new((_, stored) => State.Rename(stored, "nick", "name"));
        Parallel.For(0, 8, new ParallelOptions { MaxDegreeOfParallelism = 8 }, thread =>
        {
            for (int i = 0; i < 250; i++)
            {
                string name = $"{thread}-{i}";
                NewVersion.Player read = serializer.Read<NewVersion.Player>(serializer.Write(new OldVersion.Player { Nick = name, Level = i }))!;
                if (read.Name != name || read.Level != i)
                    throw new InvalidOperationException($"{name} came back as {read.Name}, {read.Level}.");
            }
        });
    }
}

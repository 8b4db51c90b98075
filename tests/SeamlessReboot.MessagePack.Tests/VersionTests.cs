namespace MessagePackTests;

internal sealed class VersionTests
{
    private readonly MessagePackStateSerializer _serializer = new();

    [Test]
    public void An_older_version_s_string_keyed_state_loads_in_a_newer_one()
    {
        byte[] data = _serializer.Write(new OldVersion.Player { Room = "cellar", Title = "the brave", Level = 3 });

        NewVersion.Player read = _serializer.Read<NewVersion.Player>(data)!;

        Assert.Multiple(() =>
        {
            Assert.That(read.Room, Is.EqualTo("cellar"), "a member that stayed");
            Assert.That(read.Level, Is.EqualTo(3), "a member after the removed one");
            Assert.That(read.Friends, Is.EqualTo(new[] { "everyone" }), "an added member keeps its default");
        });
    }

    [Test]
    public void A_newer_version_s_string_keyed_state_loads_in_an_older_one()
    {
        byte[] data = _serializer.Write(new NewVersion.Player { Room = "cellar", Level = 3, Friends = ["bob"] });

        OldVersion.Player read = _serializer.Read<OldVersion.Player>(data)!;

        Assert.Multiple(() =>
        {
            Assert.That(read.Room, Is.EqualTo("cellar"));
            Assert.That(read.Level, Is.EqualTo(3));
            Assert.That(read.Title, Is.Null, "a member that the newer version has removed");
        });
    }

    [Test]
    public void An_older_version_s_integer_keyed_state_loads_in_a_newer_one()
    {
        byte[] data = _serializer.Write(new OldVersion.Account { Nick = "ann", Motto = "onward", Visits = 9 });

        NewVersion.Account read = _serializer.Read<NewVersion.Account>(data)!;

        Assert.Multiple(() =>
        {
            Assert.That(read.Name, Is.EqualTo("ann"), "a renamed member needs no hook: its number is its name");
            Assert.That(read.Visits, Is.EqualTo(9));
            Assert.That(read.Age, Is.EqualTo(7), "an added member keeps its default");
        });
    }

    [Test]
    public void A_newer_version_s_integer_keyed_state_loads_in_an_older_one()
    {
        byte[] data = _serializer.Write(new NewVersion.Account { Name = "ann", Visits = 9, Age = 30 });

        OldVersion.Account read = _serializer.Read<OldVersion.Account>(data)!;

        Assert.Multiple(() =>
        {
            Assert.That(read.Nick, Is.EqualTo("ann"));
            Assert.That(read.Visits, Is.EqualTo(9));
            Assert.That(read.Motto, Is.Null, "a text that the newer version has removed");
        });
    }

    [Test]
    public void A_number_taken_out_between_two_others_does_not_load_in_an_older_version()
    {
        // as the documentation says: the hole is nil, and an int cannot be nil
        byte[] data = State.Raw(new object?[] { "ann", "onward", null, 30 });

        Assert.Throws<MessagePackSerializationException>(() => _serializer.Read<OldVersion.Account>(data));
    }
}

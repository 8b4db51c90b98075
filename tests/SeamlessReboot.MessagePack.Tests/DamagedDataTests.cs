namespace MessagePackTests;

/// <summary>Whatever is done to the bytes, they are read or refused; nothing else is thrown, and nothing crashes.</summary>
internal sealed class DamagedDataTests
{
    private static OldVersion.Player Player => new()
    {
        Nick = "ann",
        Room = "garden",
        Title = "the brave and very long-winded, of whom much could be said",
        Level = 70_000,
        Mail = [new() { Sender = "bob" }, new() { Sender = "cid" }],
    };

    private static IEnumerable<TestCaseData> Serializers =>
    [
        new TestCaseData(new MessagePackStateSerializer()).SetArgDisplayNames("plain"),
        new TestCaseData(new MessagePackStateSerializer((_, stored) => State.Rename(stored, "nick", "name"))).SetArgDisplayNames("hooked"),
        new TestCaseData(new MessagePackStateSerializer(MessagePackSerializerOptions.Standard.WithCompression(MessagePackCompression.Lz4BlockArray),
            (_, stored) => State.Rename(stored, "nick", "name"))).SetArgDisplayNames("compressed and hooked"),
    ];

    [TestCaseSource(nameof(Serializers))]
    public void State_cut_short_anywhere_is_refused(MessagePackStateSerializer serializer)
    {
        byte[] data = serializer.Write(Player);

        for (int length = 0; length < data.Length; length++)
            Assert.That(IsReadOrRefused<OldVersion.Player>(serializer, data[..length]), Is.False, $"cut after {length} bytes");
    }

    [TestCaseSource(nameof(Serializers))]
    public void Five_thousand_mutations_are_read_or_refused(MessagePackStateSerializer serializer)
    {
        Random random = new(1);
        byte[] data = serializer.Write(Player);
        byte[] account = serializer.Write(new OldVersion.Account { Nick = "ann", Motto = "onward", Visits = 300 });
        int refused = 0;
        for (int i = 0; i < 5000; i++)
        {
            byte[] mutated = [.. i % 5 == 0 ? account : data];
            for (int n = random.Next(1, 5); n > 0; n--)
                mutated[random.Next(mutated.Length)] = (byte)random.Next(256);
            if (!(i % 5 == 0 ? IsReadOrRefused<NewVersion.Account>(serializer, mutated) : IsReadOrRefused<NewVersion.Player>(serializer, mutated)))
                refused++;
        }

        Assert.That(refused, Is.GreaterThan(500));
    }

    [TestCaseSource(nameof(Serializers))]
    public void Random_bytes_are_read_or_refused(MessagePackStateSerializer serializer)
    {
        Random random = new(2);
        for (int i = 0; i < 3000; i++)
        {
            byte[] data = new byte[random.Next(200)];
            random.NextBytes(data);
            IsReadOrRefused<NewVersion.Player>(serializer, data);
            IsReadOrRefused<Dictionary<string, object>>(serializer, data);
            IsReadOrRefused<Thing>(serializer, data);
        }
    }

    [Test]
    public void A_length_that_is_a_lie_takes_no_memory()
    {
        MessagePackStateSerializer serializer = new((_, _) => { });
        byte[][] lies =
        [
            [0xdd, 0x7f, 0xff, 0xff, 0xff, 0], [0xdf, 0x7f, 0xff, 0xff, 0xff, 0xa1, (byte)'a'], [0xdb, 0x7f, 0xff, 0xff, 0xff, 0],
            [0xc6, 0x7f, 0xff, 0xff, 0xff, 0], [0xc9, 0x7f, 0xff, 0xff, 0xff, 1, 0],
        ];
        long before = GC.GetAllocatedBytesForCurrentThread();
        foreach (byte[] lie in lies)
        {
            Assert.That(IsReadOrRefused<object>(serializer, lie), Is.False);
            Assert.That(IsReadOrRefused<int[]>(serializer, lie), Is.False);
            Assert.That(IsReadOrRefused<string>(serializer, lie), Is.False);
        }

        Assert.That(GC.GetAllocatedBytesForCurrentThread() - before, Is.LessThan(10_000_000));
    }

    private static bool IsReadOrRefused<T>(MessagePackStateSerializer serializer, byte[] data)
    {
        try
        {
            serializer.Read<T>(data);
            return true;
        }
        catch (MessagePackSerializationException)
        {
            return false;
        }
    }
}

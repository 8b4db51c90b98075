using System.Buffers;
using System.Text.Json.Nodes;
using System.Text.Json.Serialization;
using SeamlessReboot.Tests.Support;

namespace SeamlessReboot.Tests.State;

[Parallelizable(ParallelScope.All)]
internal sealed class RoundTripComparisonTests
{
    [Test]
    public void A_state_that_comes_back_whole_has_no_differences()
    {
        Full state = new()
        {
            Name = "bob",
            When = DateTime.UtcNow,
            Pair = new KeyValuePair<string, int>("a", 1),
            Items = [new Item { Name = "sword" }, null],
            ByName = { ["x"] = new Item { Name = "axe" } },
            Tags = { "b", "a" },
            Grid = [[1, 2], [3]],
            Extra = new JsonObject { ["deep"] = new JsonArray(1, "two") },
            Day = DayOfWeek.Friday,
            Maybe = 3,
        };
        Assert.That(RoundTrip.CompareState(state), Is.Empty);
        Assert.That(() => RoundTrip.VerifyState(state), Throws.Nothing);
        Assert.That(() => RoundTrip.VerifyState<Full?>(null), Throws.Nothing);
    }

    [Test]
    public void Each_member_that_is_lost_is_named_with_its_path_and_both_values()
    {
        Leaky state = new(7) { Inner = { new Leaky(8) }, ByKey = { ["Bob"] = 1 }, Any = 5, Local = new DateTime(1, DateTimeKind.Local) };
        IReadOnlyList<string> differences = RoundTrip.CompareState(state);
        Assert.That(differences, Is.EquivalentTo(new[]
        {
            "Leaky._secret: is 0, and was 7",
            "Leaky.Inner[0]._secret: is 0, and was 8",
            "Leaky.ByKey: compares its keys with the default, and did with OrdinalIgnoreCase",
            "Leaky.Inner[0].ByKey: compares its keys with the default, and did with OrdinalIgnoreCase",
            "Leaky.Any: is of type System.Text.Json.JsonElement, and was of type System.Int32",
        }));
        Assert.That(() => RoundTrip.VerifyState(state), Throws.TypeOf<InvalidDataException>()
            .With.Message.StartsWith("A reboot would change 5 members.").And.Message.Contains("\n  Leaky._secret: is 0, and was 7"));
        Assert.That(RoundTrip.CompareState(state, except: ["_secret", "ByKey"]), Has.Count.EqualTo(1));
        Assert.That(RoundTrip.CompareState(state, except: ["Leaky._secret"]), Has.Count.EqualTo(4));
    }

    [TestCase("count", "Full.Items: has 1 elements, and had 2")]
    [TestCase("null", "Full.Name: is null, and was \"bob\"")]
    [TestCase("element", "Full.Items[1].Name: is \"axe\", and was \"bow\"")]
    [TestCase("key", "Full.ByName[x]: is missing")]
    [TestCase("set", "Full.Tags[a]: is missing")]
    [TestCase("kind", "Full.When: is 0001-01-01T00:00:00.0000000Z, and was 0001-01-01T00:00:00.0000000")]
    public void What_a_serializer_changes_is_found(string what, string expected)
    {
        Full state = new() { Name = "bob", Items = [new Item(), new Item { Name = "bow" }], ByName = { ["x"] = null }, Tags = { "a" } };
        Changing serializer = new(read =>
        {
            Full full = (Full)read!;
            switch (what)
            {
                case "count":
                    full.Items.RemoveAt(0);
                    break;
                case "null":
                    full.Name = null;
                    break;
                case "element":
                    full.Items[1]!.Name = "axe";
                    break;
                case "key":
                    full.ByName.Remove("x");
                    full.ByName["y"] = null;
                    break;
                case "set":
                    full.Tags.Remove("a");
                    full.Tags.Add("b");
                    break;
                case "kind":
                    full.When = DateTime.SpecifyKind(full.When, DateTimeKind.Utc);
                    break;
            }
        });
        Assert.That(RoundTrip.CompareState(state, serializer), Is.EqualTo(new[] { expected }));
    }

    [Test]
    public void Cycles_and_long_chains_are_no_trouble()
    {
        Node first = new() { Value = 1 }, last = first;
        for (int i = 0; i < 20_000; i++)
            last = last.Next = new Node { Value = i };
        last.Next = first;
        Node other = new() { Value = 1 }, end = other;
        for (int i = 0; i < 20_000; i++)
            end = end.Next = new Node { Value = i };
        end.Next = other;
        end.Value = -1;
        ObjectComparison comparison = new([]);
        comparison.Compare("Node", first, other);
        Assert.That(comparison.Differences, Has.Count.EqualTo(1));
        Assert.That(comparison.Differences[0], Does.EndWith("Value: is -1, and was 19999"));
    }

    [Test]
    public void A_session_whose_members_all_come_back_is_verified()
    {
        using SocketPair pair = SocketPair.Tcp();
        World world = new();
        Player player = new(world, new SessionConnection(pair.Server), new PlayerState { Gold = 7, Mood = 3 }) { Mood = 3 };
        Assert.That(() => RoundTrip.Verify(player, saved => Player.Restore(world, saved)), Throws.Nothing);
    }

    [Test]
    public void Members_of_a_session_that_are_not_in_its_state_are_named()
    {
        using SocketPair pair = SocketPair.Tcp();
        World world = new();
        Player player = new(world, new SessionConnection(pair.Server), new PlayerState { Gold = 7, Mood = 3 }) { Mood = 3, Forgotten = { "key" } };
        Assert.That(RoundTrip.Compare(player, saved => Player.Restore(world, saved)), Is.EqualTo(new[] { "Player.Forgotten: has 0 elements, and had 1" }));
        Assert.That(RoundTrip.Compare(player, saved => Player.Restore(world, saved), except: ["Forgotten"]), Is.Empty);
    }

    [Test]
    public void What_the_restored_session_would_not_capture_again_is_named()
    {
        using SocketPair pair = SocketPair.Tcp();
        World world = new();
        SessionConnection connection = new(pair.Server);
        connection.Capture(0); // from here on nothing is sent
        connection.TryWrite("unsent"u8);
        Player player = new(world, connection, new PlayerState { Gold = 7 });
        IReadOnlyList<string> differences = RoundTrip.Compare(player, saved =>
            new Player(world, new SessionConnection(saved.Socket), new PlayerState { Gold = saved.ReadState<PlayerState>().Gold + 1 }));
        Assert.That(differences, Is.EqualTo(new[] { "State.Gold: is 8, and was 7", "UnsentOutput: has 0 bytes, or others, and had 6" }));
    }

    [Test]
    public void The_restored_session_knows_the_clients_address_and_may_greet()
    {
        using SocketPair pair = SocketPair.Tcp();
        World world = new();
        Player player = new(world, new SessionConnection(pair.Server), new PlayerState());
        RoundTrip.Verify(player, saved =>
        {
            Assert.That(saved.RemoteEndPoint, Is.EqualTo(pair.Client.LocalEndPoint));
            Player restored = Player.Restore(world, saved);
            restored.Connection.TryWrite("Welcome back.\n"u8);
            return restored;
        });
    }

    [Test]
    public async Task A_session_that_has_ended_or_is_not_restored_is_refused()
    {
        using SocketPair pair = SocketPair.Tcp();
        World world = new();
        Player player = new(world, new SessionConnection(pair.Server), new PlayerState());
        Assert.That(() => RoundTrip.Verify(player, _ => null!), Throws.InvalidOperationException);
        Assert.That(() => RoundTrip.Verify(null!, _ => player), Throws.ArgumentNullException);
        await player.Connection.DisposeAsync();
        Assert.That(() => RoundTrip.Verify(player, saved => Player.Restore(world, saved)), Throws.InvalidOperationException.With.Message.Contains("has ended"));
    }

    public sealed class Item
    {
        public string Name { get; set; } = "";
    }

    public sealed class Full
    {
        public string? Name { get; set; }

        public DateTime When { get; set; }

        public KeyValuePair<string, int> Pair { get; set; }

        public List<Item?> Items { get; set; } = [];

        public Dictionary<string, Item?> ByName { get; set; } = [];

        public HashSet<string> Tags { get; set; } = [];

        public int[][] Grid { get; set; } = [];

        public JsonObject? Extra { get; set; }

        public DayOfWeek Day { get; set; }

        public int? Maybe { get; set; }

        [JsonIgnore]
        public Item Ignored { get; set; } = new() { Name = Guid.NewGuid().ToString() };
    }

    public sealed class Leaky
    {
        private readonly int _secret;

        public Leaky()
        {
        }

        internal Leaky(int secret) => _secret = secret;

        public int Shown => _secret;

        public List<Leaky> Inner { get; set; } = [];

        public Dictionary<string, int> ByKey { get; set; } = new(StringComparer.OrdinalIgnoreCase);

        public object? Any { get; set; }

        public DateTime Local { get; set; }
    }

    public sealed class Node
    {
        public int Value { get; set; }

        public Node? Next { get; set; }
    }

    public sealed class PlayerState
    {
        public int Gold { get; set; }

        public int Mood { get; set; }
    }

    private sealed class World
    {
        internal List<Player> Players { get; } = [];
    }

    private sealed class Player(World world, SessionConnection connection, PlayerState state) : RebootSession<PlayerState>(connection, state)
    {
        private readonly Lock _lock = new();
        private readonly Func<int> _dice = () => 4;

        internal int Mood { get; init; }

        internal List<string> Forgotten { get; } = [];

        [field: NonSerialized]
        internal Guid Cache { get; } = Guid.NewGuid();

        internal static Player Restore(World world, RestoredSession saved)
        {
            PlayerState state = saved.ReadState<PlayerState>();
            return new Player(world, saved.OpenConnection(), state) { Mood = state.Mood };
        }

        protected override Task RunAsync()
        {
            lock (_lock)
                world.Players.Add(this);
            return Task.FromResult(_dice());
        }
    }

    private sealed class Changing(Action<object?> change) : IStateSerializer
    {
        private readonly JsonStateSerializer _json = new();

        public string Name => "json";

        public void Serialize(IBufferWriter<byte> writer, object? value, Type type) => _json.Serialize(writer, value, type);

        public object? Deserialize(ReadOnlyMemory<byte> data, Type type)
        {
            object? value = _json.Deserialize(data, type);
            change(value);
            return value;
        }
    }
}

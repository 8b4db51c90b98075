using System.Buffers;
using System.Text;
using System.Text.Json;
using System.Text.Json.Nodes;
using System.Text.Json.Serialization;

namespace SeamlessReboot.Tests.State;

[Parallelizable(ParallelScope.All)]
internal sealed class JsonStateSerializerTests
{
    private static readonly JsonStateSerializer _json = new();

    private static byte[] Write<T>(T value, IStateSerializer? serializer = null)
    {
        ArrayBufferWriter<byte> writer = new();
        (serializer ?? _json).Serialize(writer, value, typeof(T));
        return writer.WrittenSpan.ToArray();
    }

    private static T Read<T>(ReadOnlyMemory<byte> data, IStateSerializer? serializer = null) => (T)(serializer ?? _json).Deserialize(data, typeof(T))!;

    [Test]
    public void State_comes_back_as_it_was()
    {
        NewState state = new() { Name = "grüße", Level = 3, Friends = ["a", "b"] };
        NewState read = Read<NewState>(Write(state));
        Assert.That((read.Name, read.Level, string.Join(',', read.Friends)), Is.EqualTo(("grüße", 3, "a,b")));
    }

    [Test]
    public void A_field_that_the_old_version_did_not_have_keeps_its_default() =>
        Assert.That(Read<NewState>(Write(new OldState { Name = "x", Level = 2 })).Friends, Is.EqualTo(new[] { "nobody" }));

    [Test]
    public void A_field_that_this_version_does_not_have_any_more_is_skipped()
    {
        OldState read = Read<OldState>(Write(new NewState { Name = "x", Level = 2 }));
        Assert.That((read.Name, read.Level), Is.EqualTo(("x", 2)));
    }

    [Test]
    public void A_renamed_field_is_brought_over_by_the_hook()
    {
        JsonStateSerializer upgrading = new((type, stored) =>
        {
            if (type == typeof(RenamedState) && stored.Remove("Name", out JsonNode? name))
                stored["FullName"] = name;
        });
        Assert.That(Read<RenamedState>(Write(new OldState { Name = "x" }), upgrading).FullName, Is.EqualTo("x"));
        Assert.That(Read<OldState>(Write(new RenamedState { FullName = "x" })).Name, Is.EqualTo("default"), "The way back needs its own hook.");
        JsonStateSerializer back = new((_, stored) => stored["Name"] = stored["FullName"]?.DeepClone());
        Assert.That(Read<OldState>(Write(new RenamedState { FullName = "x" }), back).Name, Is.EqualTo("x"));
    }

    [Test]
    public void The_hook_leaves_alone_what_is_no_object() =>
        Assert.That(Read<int[]>(Write(new[] { 1, 2 }), new JsonStateSerializer((_, _) => Assert.Fail("Called."))), Is.EqualTo(new[] { 1, 2 }));

    [TestCase("{\"Name\":\"x\"} trailing")]
    [TestCase("{\"Name\":\"x\"}{}")]
    [TestCase("{\"Name\":\"x\"")]
    [TestCase("{\"Level\":\"many\"}")]
    [TestCase("")]
    [TestCase("\0\0\0")]
    public void Garbage_is_refused(string text)
    {
        byte[] data = Encoding.UTF8.GetBytes(text);
        Assert.That(() => Read<OldState>(data), Throws.InstanceOf<JsonException>());
        Assert.That(() => Read<OldState>(data, new JsonStateSerializer((_, _) => { })), Throws.InstanceOf<JsonException>());
    }

    [Test]
    public void Null_is_state_too()
    {
        Assert.That(_json.Deserialize(Write<OldState?>(null), typeof(OldState)), Is.Null);
        Assert.That(new JsonStateSerializer((_, _) => { }).Deserialize("null"u8.ToArray(), typeof(OldState)), Is.Null);
    }

    [Test]
    public void A_source_generated_context_writes_the_same()
    {
        JsonStateSerializer generated = new(StateContext.Default);
        OldState state = new() { Name = "x", Level = 9 };
        Assert.That(Write(state, generated), Is.EqualTo(Write(state)));
        Assert.That(Read<OldState>(Write(state), generated).Level, Is.EqualTo(9));
        Assert.That(() => Write(new NewState(), generated), Throws.TypeOf<NotSupportedException>().With.Message.Contains(nameof(NewState)));
    }

    [Test]
    public void Options_of_the_application_are_used()
    {
        JsonStateSerializer own = new(new JsonSerializerOptions(JsonSerializerOptions.Default) { PropertyNamingPolicy = JsonNamingPolicy.CamelCase });
        Assert.That(Encoding.UTF8.GetString(Write(new OldState { Name = "x" }, own)), Is.EqualTo("{\"name\":\"x\",\"level\":0}"));
    }

    [Test]
    public void It_is_written_as_the_declared_type() =>
        Assert.That(Encoding.UTF8.GetString(Write<object>(new OldState { Name = "x" })), Does.Contain("\"x\""));

    [Test]
    public void Its_name_is_in_the_spool_and_must_not_change() => Assert.That(_json.Name, Is.EqualTo("json"));

    [Test]
    public void Nothing_is_no_argument()
    {
        Assert.That(() => new JsonStateSerializer((JsonSerializerContext)null!), Throws.ArgumentNullException);
        Assert.That(() => new JsonStateSerializer((JsonSerializerOptions)null!), Throws.ArgumentNullException);
    }

    public sealed class OldState
    {
        public string Name { get; set; } = "default";

        public int Level { get; set; }
    }

    public sealed class NewState
    {
        public string Name { get; set; } = "default";

        public int Level { get; set; }

        public string[] Friends { get; set; } = ["nobody"];
    }

    public sealed class RenamedState
    {
        public string FullName { get; set; } = "default";
    }
}

[JsonSerializable(typeof(JsonStateSerializerTests.OldState))]
internal sealed partial class StateContext : JsonSerializerContext;

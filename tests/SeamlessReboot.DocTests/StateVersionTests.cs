using System.Buffers;
using NUnit.Framework;
using WorkedOut;

namespace SeamlessReboot.DocTests;

/// <summary>The upgrade hook that INSTALLING.md shows.</summary>
internal sealed class StateVersionTests
{
    private static readonly JsonStateSerializer _serializer = new(StateJson.Default, StateVersions.Upgrade);

    [Test]
    public void State_of_version_1_is_read_by_version_2()
    {
        GuestState? state = (GuestState?)_serializer.Deserialize("""{"Nick":"ann","Removed":true}"""u8.ToArray(), typeof(GuestState));

        Assert.That((state?.Name, state?.Count), Is.EqualTo(("ann", 0)));
    }

    [Test]
    public void State_of_version_2_is_read_by_version_2()
    {
        ArrayBufferWriter<byte> bytes = new();
        _serializer.Serialize(bytes, new GuestState { Name = "ann", Count = 7 }, typeof(GuestState));

        GuestState? state = (GuestState?)_serializer.Deserialize(bytes.WrittenMemory, typeof(GuestState));

        Assert.That((state?.Name, state?.Count), Is.EqualTo(("ann", 7)));
    }
}

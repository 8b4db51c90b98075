using System.Net.Sockets;
using NUnit.Framework;
using WorkedOut;

namespace SeamlessReboot.DocTests;

/// <summary>The unit test that INSTALLING.md shows.</summary>
internal sealed class RoundTripTests
{
    private string _directory = "";

    [SetUp]
    public void MakeDirectory() => _directory = Directory.CreateTempSubdirectory("roundtrip-").FullName;

    [TearDown]
    public void RemoveDirectory() => Directory.Delete(_directory, recursive: true);

    // snippet: test
    [Test]
    public void A_guest_comes_back_as_it_was()
    {
        using Socket socket = new(AddressFamily.InterNetwork, SocketType.Stream, ProtocolType.Tcp); // connected to nothing
        using WorldThread thread = new();
        World world = new();
        Journal journal = new(_directory);
        JsonStateSerializer serializer = new(StateJson.Default, StateVersions.Upgrade);
        Guest guest = new(null!, world, thread, journal, new SessionConnection(socket), new GuestState { Name = "ann", Count = 7 });

        RoundTrip.Verify(guest, saved => new Guest(null!, world, thread, journal, saved.OpenConnection(), saved.ReadState<GuestState>()), serializer);
    }
    // end snippet

    [Test]
    public void What_is_not_in_the_state_is_named()
    {
        using Socket socket = new(AddressFamily.InterNetwork, SocketType.Stream, ProtocolType.Tcp);
        using WorldThread thread = new();
        World world = new();
        Journal journal = new(_directory);
        Guest guest = new(null!, world, thread, journal, new SessionConnection(socket), new GuestState { Name = "ann", Count = 7 });

        IReadOnlyList<string> lost = RoundTrip.Compare(guest, saved => new Guest(null!, world, thread, journal, saved.OpenConnection(), new GuestState()));

        Assert.That(lost, Has.Some.Contain("Name").And.Some.Contain("Count"));
    }
}

using System.Net;
using System.Net.Sockets;
using NUnit.Framework;
using WorkedOut;

namespace SeamlessReboot.DocTests;

/// <summary>The unit test that INSTALLING.md shows.</summary>
internal sealed class RoundTripTests
{
    private string _directory = "";
    private Socket _socket = null!;

    // snippet: socket
    [SetUp]
    public void Connect()
    {
        _directory = Directory.CreateTempSubdirectory("roundtrip-").FullName;
        using Socket listener = new(AddressFamily.InterNetwork, SocketType.Stream, ProtocolType.Tcp);
        listener.Bind(new IPEndPoint(IPAddress.Loopback, 0));
        listener.Listen();
        _socket = new Socket(AddressFamily.InterNetwork, SocketType.Stream, ProtocolType.Tcp);
        _socket.Connect(listener.LocalEndPoint!);
    }
    // end snippet

    [TearDown]
    public void Disconnect()
    {
        _socket.Dispose();
        Directory.Delete(_directory, recursive: true);
    }

    // snippet: test
    [Test]
    public void A_guest_comes_back_as_it_was()
    {
        using WorldThread thread = new();
        World world = new();
        Journal journal = new(_directory);
        JsonStateSerializer serializer = new(StateJson.Default, StateVersions.Upgrade);
        Guest guest = new(null!, world, thread, journal, new SessionConnection(_socket), new GuestState { Name = "ann", Count = 7 });

        RoundTrip.Verify(guest, saved => new Guest(null!, world, thread, journal, saved.OpenConnection(), saved.ReadState<GuestState>()), serializer);
    }
    // end snippet

    [Test]
    public void What_is_not_in_the_state_is_named()
    {
        using WorldThread thread = new();
        World world = new();
        Journal journal = new(_directory);
        Guest guest = new(null!, world, thread, journal, new SessionConnection(_socket), new GuestState { Name = "ann", Count = 7 });

        IReadOnlyList<string> lost = RoundTrip.Compare(guest, saved => new Guest(null!, world, thread, journal, saved.OpenConnection(), new GuestState()));

        Assert.That(lost, Has.Some.Contain("Name").And.Some.Contain("Count"));
    }
}

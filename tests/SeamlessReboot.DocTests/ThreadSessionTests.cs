using System.Net;
using System.Net.Sockets;
using NUnit.Framework;

namespace SeamlessReboot.DocTests;

/// <summary>INSTALLING.md's session that blocks on its reads.</summary>
internal sealed class ThreadSessionTests
{
    [Test]
    public void A_session_on_a_thread_of_its_own_talks_and_comes_back()
    {
        using Socket listener = new(SocketType.Stream, ProtocolType.Tcp);
        listener.Bind(new IPEndPoint(IPAddress.Loopback, 0));
        listener.Listen();
        using TcpClient client = new();
        client.Connect((IPEndPoint)listener.LocalEndPoint!);
        using SessionConnection connection = new(listener.Accept());
        IRebootSession guest = Serve(connection, new GuestState { Count = 6 });
        guest.Resume();
        using StreamReader reader = new(client.GetStream());
        client.Client.Send("hello\r\n"u8);
        Assert.That(reader.ReadLineAsync().WaitAsync(TimeSpan.FromSeconds(30)).GetAwaiter().GetResult(), Is.EqualTo("7: hello"));
        RoundTrip.Verify(guest, saved => Serve(saved.OpenConnection(), saved.ReadState<GuestState>()));
    }

    // snippet: thread
    private static ThreadSession<GuestState> Serve(SessionConnection connection, GuestState state) => new(connection, state, () =>
    {
        TextReader reader = connection.AsReader();
        TextWriter writer = connection.AsWriter();
        while (reader.ReadLine() is string line)
            writer.WriteLine($"{++state.Count}: {line}");
    });
    // end snippet

    internal sealed class GuestState
    {
        public int Count { get; set; }
    }
}

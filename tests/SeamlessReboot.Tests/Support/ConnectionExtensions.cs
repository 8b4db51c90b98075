namespace SeamlessReboot.Tests.Support;

internal static class ConnectionExtensions
{
    /// <summary>As a reboot that is called off would: looks at the snapshot while it is valid, then resumes.</summary>
    internal static async Task SuspendAndCaptureAsync(this SessionConnection connection, Action<SessionSnapshot> look, bool isReading = false)
    {
        ValueTask quiet = connection.SuspendAsync();
        if (isReading)
            await quiet.Within();
        look(connection.Capture(0));
        connection.Resume();
    }

    /// <summary>As a reboot would: the same client, at another descriptor, in another connection.</summary>
    internal static SessionConnection Restore(this SessionSnapshot snapshot, System.Net.Sockets.Socket socket, SessionConnectionOptions? options = null)
    {
        System.Net.Sockets.SafeSocketHandle copy = new(SeamlessReboot.Posix.Fd.Duplicate(socket.SafeHandle), true);
        return new SessionConnection(new System.Net.Sockets.Socket(copy), options, snapshot.UnreadInput.Span, snapshot.UnsentOutput.Span);
    }
}

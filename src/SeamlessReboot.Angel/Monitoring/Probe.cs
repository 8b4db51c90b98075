using System.Net.Sockets;
using System.Text;
using SeamlessReboot.Angel.CommandLine;
using SeamlessReboot.Angel.Descriptors;

namespace SeamlessReboot.Angel.Monitoring;

/// <summary>
/// Talks to the server's port as a client would. The kernel accepts connections for a server that hangs; only an answer shows that
/// the server is alive. Without a text the probe only sees that the port is open.
/// </summary>
internal static class Probe
{
    /// <returns>Null when the server lives; else what is wrong, as a sentence.</returns>
    /// <exception cref="OperationCanceledException">The caller's token; a probe that takes too long is an answer, not an exception.</exception>
    internal static async Task<string?> RunAsync(AngelOptions options, CancellationToken cancellationToken)
    {
        Uri address = options.Probe ?? throw new ArgumentException("There is nothing to probe.", nameof(options));
        using CancellationTokenSource overdue = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken);
        overdue.CancelAfter(options.ProbeTimeout);
        bool connected = false;
        try
        {
            using Socket socket = await ConnectAsync(address, overdue.Token).ConfigureAwait(false);
            connected = true;
            if (options.ProbeText is not string text)
                return null;
            await SendAsync(socket, text, overdue.Token).ConfigureAwait(false);
            byte[] answer = new byte[256];
            if (await socket.ReceiveAsync(answer, overdue.Token).ConfigureAwait(false) > 0)
                return null;
            return $"{address} has closed the connection without an answer to '{text}'.";
        }
        catch (OperationCanceledException) when (!cancellationToken.IsCancellationRequested)
        {
            return $"{address} {(connected ? "accepts connections and does not answer" : "accepts no connection")} within {Durations.Format(options.ProbeTimeout)}.";
        }
        catch (SocketException e)
        {
            return $"{address} {(connected ? "breaks the connection off" : "cannot be connected to")}: {e.Message}.";
        }
    }

    private static async Task<Socket> ConnectAsync(Uri address, CancellationToken cancellationToken)
    {
        Socket socket = address.Scheme == "unix"
            ? new Socket(AddressFamily.Unix, SocketType.Stream, ProtocolType.Unspecified)
            : new Socket(SocketType.Stream, ProtocolType.Tcp);
        try
        {
            if (address.Scheme == "unix")
                await socket.ConnectAsync(new UnixDomainSocketEndPoint(ListenUri.Path(address)), cancellationToken).ConfigureAwait(false);
            else
                await socket.ConnectAsync(ListenUri.Host(address), address.Port, cancellationToken).ConfigureAwait(false);
            return socket;
        }
        catch
        {
            socket.Dispose();
            throw;
        }
    }

    private static async Task SendAsync(Socket socket, string text, CancellationToken cancellationToken)
    {
        ReadOnlyMemory<byte> rest = Encoding.UTF8.GetBytes(text + "\r\n");
        while (!rest.IsEmpty)
            rest = rest[await socket.SendAsync(rest, cancellationToken).ConfigureAwait(false)..];
    }
}

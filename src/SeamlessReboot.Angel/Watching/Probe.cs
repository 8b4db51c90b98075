using System.Net.Sockets;

namespace SeamlessReboot.Angel.Watching;

/// <summary>To be replaced at merge: talks to the port.</summary>
internal static class Probe
{
    /// <returns>Null when the server is alive, or a sentence.</returns>
    internal static async Task<string?> RunAsync(AngelOptions options, CancellationToken cancel)
    {
        try
        {
            using CancellationTokenSource overdue = CancellationTokenSource.CreateLinkedTokenSource(cancel);
            overdue.CancelAfter(options.ProbeTimeout);
            using TcpClient client = new();
            await client.ConnectAsync(options.Probe!.Host, options.Probe.Port, overdue.Token).ConfigureAwait(false);
            if (options.ProbeText is not string text)
                return null;
            await client.GetStream().WriteAsync(System.Text.Encoding.UTF8.GetBytes(text + "\n"), overdue.Token).ConfigureAwait(false);
            return await client.GetStream().ReadAsync(new byte[1], overdue.Token).ConfigureAwait(false) > 0 ? null : "it has closed the connection.";
        }
        catch (OperationCanceledException)
        {
            return "it has not answered in time.";
        }
        catch (Exception e) when (e is SocketException or IOException)
        {
            return e.Message;
        }
    }
}

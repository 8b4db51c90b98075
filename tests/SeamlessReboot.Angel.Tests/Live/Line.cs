using System.Net;
using System.Net.Sockets;

namespace SeamlessReboot.Angel.Tests.Live;

/// <summary>A client for one line.</summary>
internal static class Line
{
    /// <summary>Connects, says a line, and returns the answer.</summary>
    public static async Task<string> AskAsync(int port, string text)
    {
        using TcpClient client = new();
        await client.ConnectAsync(IPAddress.Loopback, port).WaitAsync(AngelProcess.Limit);
        using StreamReader reader = new(client.GetStream());
        await using StreamWriter writer = new(client.GetStream()) { AutoFlush = true };
        await writer.WriteLineAsync(text);
        return await reader.ReadLineAsync().WaitAsync(AngelProcess.Limit) ?? throw new EndOfStreamException("The connection has ended.");
    }
}

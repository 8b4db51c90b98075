using System.Diagnostics;
using System.Net;
using System.Net.Sockets;

namespace SeamlessReboot.Benchmarks;

/// <summary>Clients that each wait for the answer to one line before they send the next.</summary>
internal static class Load
{
    /// <returns>Lines answered in a second.</returns>
    public static async Task<double> RunAsync(int port, int clients, TimeSpan duration)
    {
        using CancellationTokenSource end = new();
        long lines = 0;
        Socket[] sockets = new Socket[clients];
        for (int i = 0; i < clients; i++)
        {
            sockets[i] = new Socket(AddressFamily.InterNetwork, SocketType.Stream, ProtocolType.Tcp) { NoDelay = true };
            await sockets[i].ConnectAsync(new IPEndPoint(IPAddress.Loopback, port));
        }

        Task[] running = [.. sockets.Select(s => Task.Run(() => TalkAsync(s, () => Interlocked.Increment(ref lines), end.Token)))];
        await Task.Delay(TimeSpan.FromSeconds(1)); // the just-in-time compiler's
        long before = Interlocked.Read(ref lines), start = Stopwatch.GetTimestamp();
        await Task.Delay(duration);
        double rate = (Interlocked.Read(ref lines) - before) / Stopwatch.GetElapsedTime(start).TotalSeconds;
        await end.CancelAsync();
        await Task.WhenAll(running);
        foreach (Socket socket in sockets)
            socket.Dispose();
        return rate;
    }

    /// <summary>Clients that have each been answered once.</summary>
    public static async Task<List<Socket>> ConnectAsync(int port, int count)
    {
        List<Socket> clients = [];
        for (int i = 0; i < count; i++)
        {
            Socket client = new(AddressFamily.InterNetwork, SocketType.Stream, ProtocolType.Tcp) { NoDelay = true };
            await client.ConnectAsync(new IPEndPoint(IPAddress.Loopback, port));
            await AskAsync(client);
            clients.Add(client);
        }

        return clients;
    }

    public static async Task AskAsync(Socket client)
    {
        byte[] answer = new byte[256];
        await client.SendAsync("still here?\n"u8.ToArray());
        for (int length = 0; length == 0 || answer[length - 1] != '\n';)
            length += await client.ReceiveAsync(answer.AsMemory(length));
    }

    private static async Task TalkAsync(Socket socket, Action count, CancellationToken end)
    {
        byte[] line = "say the quick brown fox jumps over the lazy dog\n"u8.ToArray(), answer = new byte[4096];
        while (!end.IsCancellationRequested)
        {
            await socket.SendAsync(line, CancellationToken.None);
            int length = 0;
            while (length == 0 || answer[length - 1] != '\n')
                length += await socket.ReceiveAsync(answer.AsMemory(length), CancellationToken.None);
            count();
        }
    }
}

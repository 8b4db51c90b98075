using System.Diagnostics;
using System.Globalization;
using System.Net.Sockets;
using System.Text.RegularExpressions;

namespace SeamlessReboot.Benchmarks;

/// <summary>
/// How long a kill -9 is felt under the angel: from the signal to the first byte answered, beside the server's own cold start to its
/// first byte answered, in turn. The cold start is supervised too, as the angel's first one is, and alone, for who wants to know that.
/// </summary>
internal static partial class Deaths
{
    private const int Rounds = 11;

    public static async Task<int> RunAsync()
    {
        string counter = Build.CounterServer(), angel = Build.Angel();
        foreach (int sessions in (int[])[30, 1000])
        {
            string directory = Directory.CreateTempSubdirectory("deaths-").FullName;
            // No death is the second in a row, so there is no back-off.
            using ServerProcess server = await ServerProcess.StartAsync(angel, "run", "--runtime-dir", Path.Combine(directory, "angel"), "--stable-after", "100ms",
                "--death-limit", "0", "--", "dotnet", counter, "--port", "0", "--spool", Path.Combine(directory, "spool"));
            List<Socket> clients = await Load.ConnectAsync(server.Port, sessions);
            int pid = Pid(server.FirstLine);
            List<double> deaths = [], colds = [], alone = [], ratios = [];
            using Socket notify = new(AddressFamily.Unix, SocketType.Dgram, ProtocolType.Unspecified);
            notify.Bind(new UnixDomainSocketEndPoint(Path.Combine(directory, "notify")));
            for (int round = 0; round < Rounds; round++)
            {
                await Task.Delay(TimeSpan.FromSeconds(1.5)); // to the next checkpoint, and to what counts as stable
                alone.Add(await ColdAsync(counter, Path.Combine(directory, "cold")));
                Environment.SetEnvironmentVariable("NOTIFY_SOCKET", Path.Combine(directory, "notify"));
                Environment.SetEnvironmentVariable("FDSTORE", "20000");
                // A directory for each: what it has given away, its lock too, waits in the socket, which nobody reads.
                colds.Add(await ColdAsync(counter, Path.Combine(directory, $"cold{round}")));
                Environment.SetEnvironmentVariable("NOTIFY_SOCKET", null);
                Environment.SetEnvironmentVariable("FDSTORE", null);
                deaths.Add(await DieAsync(pid, clients[round % clients.Count]));
                pid = await ReadyAsync(server);
                foreach (Socket client in clients)
                    await Load.AskAsync(client);
                ratios.Add(deaths[^1] / colds[^1]);
            }

            Console.WriteLine(string.Create(CultureInfo.InvariantCulture,
                $"{sessions} sessions: first answer {Median(deaths):0} ms after kill -9; supervised cold start to first answer {Median(colds):0} ms, ratio {Median(ratios):0.00}; unsupervised {Median(alone):0} ms"));
            clients.ForEach(c => c.Dispose());
            server.End();
            Directory.Delete(directory, recursive: true);
        }

        return 0;
    }

    private static async Task<double> ColdAsync(string counter, string spool)
    {
        long start = Stopwatch.GetTimestamp();
        using ServerProcess server = await ServerProcess.StartAsync(counter, "--port", "0", "--spool", spool);
        List<Socket> clients = await Load.ConnectAsync(server.Port, 1);
        double took = Stopwatch.GetElapsedTime(start).TotalMilliseconds;
        clients.ForEach(c => c.Dispose());
        return took;
    }

    private static async Task<double> DieAsync(int pid, Socket client)
    {
        using Process server = Process.GetProcessById(pid);
        long start = Stopwatch.GetTimestamp();
        server.Kill();
        byte[] answer = new byte[256];
        Task<int> heard = client.ReceiveAsync(answer);
        while (!heard.IsCompleted) // what the dying process has still read, it takes with it
        {
            await client.SendAsync("still here?\n"u8.ToArray());
            await Task.WhenAny(heard, Task.Delay(10));
        }

        double took = Stopwatch.GetElapsedTime(start).TotalMilliseconds;
        await Task.Delay(100); // the rest of the answers
        while (client.Available > 0)
            await client.ReceiveAsync(answer);
        return took;
    }

    private static async Task<int> ReadyAsync(ServerProcess server)
    {
        while (true)
            if (await server.NextLineAsync() is string line && line.Contains("\"ready\"", StringComparison.Ordinal))
                return Pid(line);
    }

    private static int Pid(string ready) => int.Parse(PidPattern().Match(ready).Groups[1].ValueSpan, CultureInfo.InvariantCulture);

    private static double Median(List<double> values) => values.Order().ElementAt(values.Count / 2);

    [GeneratedRegex("\"pid\":([0-9]+)")]
    private static partial Regex PidPattern();
}

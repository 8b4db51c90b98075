using System.Diagnostics;
using System.Net.Sockets;

namespace SeamlessReboot.Benchmarks;

/// <summary>
/// How long clients wait for a reboot, beside the time that a bare <c>dotnet hello.dll</c> takes, in turn.
/// </summary>
internal static class Pause
{
    private const int Rounds = 7;

    public static async Task<int> RunAsync()
    {
        string counter = Build.CounterServer(), hello = Build.Hello();
        foreach ((int sessions, int bytes) in ((int, int)[])[(30, 20 * 1024), (1000, 2048)])
        {
            using ServerProcess server = await ServerProcess.StartAsync(counter, "--port", "0", "--state-bytes", $"{bytes}");
            List<Socket> clients = await Load.ConnectAsync(server.Port, sessions);
            List<double> pauses = [], hellos = [], ratios = [];
            for (int round = 0; round < Rounds; round++)
            {
                hellos.Add(Hello(hello));
                pauses.Add(await RebootAsync(server, clients));
                ratios.Add(pauses[^1] / hellos[^1]);
            }

            Console.WriteLine($"{sessions} sessions of {bytes / 1024} KB: a client waits {Median(pauses):0} ms; dotnet hello.dll {Median(hellos):0} ms; ratio {Median(ratios):0.0}");
            clients.ForEach(c => c.Dispose());
        }

        return 0;
    }

    // One client asks without a pause: the longest it waits for an answer is what a player would notice. The others have to be there after.
    private static async Task<double> RebootAsync(ServerProcess server, List<Socket> clients)
    {
        using CancellationTokenSource done = new();
        Task<double> longest = Task.Run(() => LongestWaitAsync(clients[0], done.Token));
        using (Process kill = Process.Start("kill", ["-HUP", $"{server.Pid}"]))
            await kill.WaitForExitAsync();
        await server.NextLineAsync();
        foreach (Socket client in clients.Skip(1))
            await Load.AskAsync(client);
        await done.CancelAsync();
        return await longest;
    }

    private static async Task<double> LongestWaitAsync(Socket client, CancellationToken done)
    {
        double longest = 0;
        while (!done.IsCancellationRequested)
        {
            long start = Stopwatch.GetTimestamp();
            await Load.AskAsync(client);
            longest = Math.Max(longest, Stopwatch.GetElapsedTime(start).TotalMilliseconds);
            await Task.Delay(1, CancellationToken.None);
        }

        return longest;
    }

    private static double Hello(string hello)
    {
        long start = Stopwatch.GetTimestamp();
        using Process process = Process.Start(new ProcessStartInfo("dotnet", [hello]) { RedirectStandardOutput = true })!;
        process.WaitForExit();
        return Stopwatch.GetElapsedTime(start).TotalMilliseconds;
    }

    private static double Median(List<double> values) => values.Order().ElementAt(values.Count / 2);
}

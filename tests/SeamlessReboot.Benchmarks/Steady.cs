namespace SeamlessReboot.Benchmarks;

/// <summary>What the library costs while nobody reboots: CounterServer against the same server on a bare socket, in turn.</summary>
internal static class Steady
{
    private const int Rounds = 9, Clients = 50;

    public static async Task<int> RunAsync()
    {
        string counter = Build.CounterServer();
        List<double> ratios = [];
        Console.WriteLine($"{Clients} clients, one line at a time; lines answered per second");
        for (int round = 1; round <= Rounds; round++)
        {
            double bare = await MeasureAsync(Build.Self(), "bare-server");
            double ours = await MeasureAsync(counter, "--port", "0");
            ratios.Add(ours / bare);
            Console.WriteLine($"round {round}: bare socket {bare:N0}, CounterServer {ours:N0}, ratio {ours / bare:0.00}");
        }

        ratios.Sort();
        Console.WriteLine($"median ratio {ratios[Rounds / 2]:0.00}");
        return 0;
    }

    private static async Task<double> MeasureAsync(params string[] command)
    {
        using ServerProcess server = await ServerProcess.StartAsync(command);
        return await Load.RunAsync(server.Port, Clients, TimeSpan.FromSeconds(3));
    }
}

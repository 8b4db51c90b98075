using System.Diagnostics;
using System.Net.Sockets;
using SeamlessReboot.CrashTests.Load;
using SeamlessReboot.CrashTests.Support;

namespace SeamlessReboot.CrashTests;

/// <summary>How long a death is felt. Printed, beside the server's own cold start in the same run, because that is most of it; no figure fails a test.</summary>
[Category(TestCategories.Long)]
internal sealed class FirstByteTests : CrashTest
{
    private const int Rounds = 10;

    [TestCase(100)]
    [TestCase(1000)]
    public async Task From_death_to_first_byte_answered(int clients)
    {
        AngelHost host = await StartAngelAsync("--stable-after", "100ms"); // no death is the second in a row: no back-off
        Swarm swarm = await StartLoadAsync(host, new LoadOptions { Clients = clients });
        List<TimeSpan> cold = [], back = [];
        for (int i = 1; i <= Rounds; i++)
        {
            await host.CheckpointAsync(swarm);
            cold.Add(await ColdStartAsync());
            Death death = await host.DieAsync(swarm, () =>
            {
                Kernel.Send(host.ServerPid, Kernel.Sigkill);
                return Task.CompletedTask;
            });
            await swarm.EveryoneIsServedAsync();
            back.Add(death.ToFirstAnswer!.Value);
        }

        await TestContext.Out.WriteLineAsync($"{clients} clients, {Rounds} rounds, medians: from death to first byte answered {Median(back):0} ms, "
            + $"the server's own cold start to first byte answered {Median(cold):0} ms, ratio {Median(back) / Median(cold):0.00}");
        await AssertNobodyNoticedAsync(swarm);
    }

    /// <summary>The same server, started as a supervisor does, to the first byte that it answers.</summary>
    private async Task<TimeSpan> ColdStartAsync()
    {
        int port = Ports.Free();
        IReadOnlyList<string> command = CounterServer(port);
        ProcessStartInfo info = new(command[0], command.Skip(1).Select(a => a == Workspace.File("spool") ? Workspace.File("cold") : a))
        {
            RedirectStandardOutput = true,
        };
        info.Environment[Family.Variable] = Family.Token;
        long begun = Stopwatch.GetTimestamp();
        using Process server = Process.Start(info)!;
        try
        {
            using Socket socket = await ConnectAsync(port);
            await socket.SendAsync("hello\n"u8.ToArray());
            await socket.ReceiveAsync(new byte[1]).WaitAsync(Limits.Wait);
            return Stopwatch.GetElapsedTime(begun);
        }
        finally
        {
            server.Kill();
            await server.WaitForExitAsync();
        }
    }

    private static async Task<Socket> ConnectAsync(int port)
    {
        using CancellationTokenSource overdue = new(Limits.Wait);
        while (true)
        {
            Socket socket = new(AddressFamily.InterNetwork, SocketType.Stream, ProtocolType.Tcp);
            try
            {
                await socket.ConnectAsync(System.Net.IPAddress.Loopback, port, overdue.Token);
                return socket;
            }
            catch (SocketException e) when (e.SocketErrorCode == SocketError.ConnectionRefused)
            {
                socket.Dispose();
                await Task.Delay(1, overdue.Token); // not yet listening
            }
        }
    }

    private static double Median(List<TimeSpan> times) => times.Order().ElementAt(times.Count / 2).TotalMilliseconds;
}

using System.Globalization;
using SeamlessReboot.ProcessTests.Helpers;

namespace SeamlessReboot.ProcessTests;

/// <summary>More than 2 GiB, which no array holds.</summary>
[NonParallelizable]
internal sealed class BigSpoolTests : ProcessTest
{
    private const int Clients = 92, Bytes = 30_000_000; // the kernel takes up to 6 MB of each
    private const long Needed = 8L << 30;

    [Test]
    [Category(TestCategories.Long)]
    public async Task More_than_two_gigabytes_that_clients_have_not_read_yet_come_over_a_reboot()
    {
        if (Available() is long available and < Needed)
            Assert.Ignore($"This takes {Needed >> 30} GB of memory, and {available >> 30} GB are free.");
        ServerProcess server = await StartAsync("--output-limit", $"{int.MaxValue}", "--capture-timeout", "50000");
        List<Client> clients = [];
        for (int i = 0; i < Clients; i++)
            clients.Add(await ConnectAsync(server.EndPoint, receiveBuffer: 8192));
        foreach (Client client in clients)
            await client.SendAsync($"!output {Bytes}\n");
        await Limits.UntilAsync(() => server.CountOf("output") == Clients, "the server has written it all");
        await server.RebootAsync();
        await TestContext.Out.WriteLineAsync($"paused {server.Ready.Number("pause")} ms");
        Assert.That(server.Ready.Number("sessions"), Is.EqualTo(Clients));
        foreach (Client client in clients)
        {
            Assert.That((await client.ReadLineAsync()).Length, Is.EqualTo(Bytes - 1));
            await client.SayAsync("hello");
        }

        Assert.That(SpoolFiles(), Is.Empty);
    }

    private static long Available() => 1024 * long.Parse(File.ReadLines("/proc/meminfo").First(l => l.StartsWith("MemAvailable:", StringComparison.Ordinal))
        .Split(' ', StringSplitOptions.RemoveEmptyEntries)[1], CultureInfo.InvariantCulture);
}

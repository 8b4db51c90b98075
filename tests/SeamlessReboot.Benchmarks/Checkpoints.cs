using System.Diagnostics;
using System.Globalization;
using System.Net.Sockets;
using System.Text;
using System.Text.RegularExpressions;

namespace SeamlessReboot.Benchmarks;

/// <summary>What a checkpoint costs: how long everyone holds still, as the server says to its supervisor, which here is this process.</summary>
internal static partial class Checkpoints
{
    private const int Rounds = 15;

    public static async Task<int> RunAsync()
    {
        string counter = Build.CounterServer();
        foreach ((int sessions, int bytes) in ((int, int)[])[(30, 20 * 1024), (1000, 2048), (10_000, 2048)])
        {
            string directory = Directory.CreateTempSubdirectory("checkpoints-").FullName;
            using Socket notify = new(AddressFamily.Unix, SocketType.Dgram, ProtocolType.Unspecified);
            notify.Bind(new UnixDomainSocketEndPoint(Path.Combine(directory, "notify")));
            Environment.SetEnvironmentVariable("NOTIFY_SOCKET", Path.Combine(directory, "notify"));
            Environment.SetEnvironmentVariable("FDSTORE", "20000");
            using ServerProcess server = await ServerProcess.StartAsync(counter, "--port", "0", "--state-bytes", $"{bytes}", "--checkpoint", "3600",
                "--spool", Path.Combine(directory, "spool"));
            Task<List<Socket>> connecting = Load.ConnectAsync(server.Port, sessions);
            for (int held = 0; held < sessions;)
                if ((await HearAsync(notify)).StartsWith("FDSTORE=1\nFDNAME=c", StringComparison.Ordinal))
                    held++;
            List<Socket> clients = await connecting;
            List<double> pauses = [];
            for (int round = 0; round < Rounds; round++)
            {
                using (Process kill = Process.Start("kill", ["-USR2", $"{server.Pid}"]))
                    await kill.WaitForExitAsync();
                Match took = Match.Empty;
                while (!took.Success)
                    took = Took().Match(await HearAsync(notify));
                pauses.Add(double.Parse(took.Groups[1].ValueSpan, CultureInfo.InvariantCulture));
            }

            pauses.RemoveAt(0); // the just-in-time compiler's
            pauses.Sort();
            long size = new FileInfo(Path.Combine(directory, "spool", "checkpoint.spool")).Length;
            Console.WriteLine(string.Create(CultureInfo.InvariantCulture,
                $"{sessions} sessions of {bytes / 1024} KB: everyone holds still for {pauses[pauses.Count / 2]:0.0} ms (worst of {pauses.Count}: {pauses[^1]:0.0}), {size / 1024.0 / 1024:0.0} MB written"));
            clients.ForEach(c => c.Dispose());
            Directory.Delete(directory, recursive: true);
        }

        return 0;
    }

    // .NET drops the descriptors that come with it; the server holds its own.
    private static async Task<string> HearAsync(Socket notify)
    {
        byte[] message = new byte[4096];
        int length = await notify.ReceiveAsync(message).WaitAsync(TimeSpan.FromSeconds(60));
        return Encoding.UTF8.GetString(message, 0, length);
    }

    [GeneratedRegex("written in ([0-9.]+) ms")]
    private static partial Regex Took();
}

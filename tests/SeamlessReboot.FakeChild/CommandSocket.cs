using System.Globalization;
using System.Net.Sockets;

namespace SeamlessReboot.FakeChild;

/// <summary>Takes the test's orders while it runs: a line is a step, its output is the answer.</summary>
internal static class CommandSocket
{
    internal static void Serve(string directory, Steps steps)
    {
        using Socket listener = new(AddressFamily.Unix, SocketType.Stream, ProtocolType.Unspecified);
        string path = Path.Combine(directory, Environment.ProcessId.ToString(CultureInfo.InvariantCulture));
        listener.Bind(new UnixDomainSocketEndPoint(path));
        listener.Listen();
        Steps.Print($"listening {Environment.ProcessId}");
        while (true)
        {
            Socket client = listener.Accept();
            new Thread(() => Serve(client, steps)) { IsBackground = true }.Start();
        }
    }

    private static void Serve(Socket client, Steps steps)
    {
        using NetworkStream stream = new(client, ownsSocket: true);
        using StreamReader reader = new(stream);
        using StreamWriter writer = new(stream) { AutoFlush = true };
        while (reader.ReadLine() is string line)
        {
            string answer;
            try
            {
                answer = steps.Run(line.Split(' ', 2));
            }
#pragma warning disable CA1031 // the test sees it
            catch (Exception e)
#pragma warning restore CA1031
            {
                answer = "error " + e.Message;
            }

            writer.WriteLine(answer);
        }
    }
}

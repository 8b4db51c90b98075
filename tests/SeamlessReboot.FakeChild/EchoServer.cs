using System.Globalization;
using System.Net.Sockets;

namespace SeamlessReboot.FakeChild;

/// <summary>Answers each line on an inherited listening socket with its own PID and the line.</summary>
internal static class EchoServer
{
    internal static void Start(int fd)
    {
        Socket listener = new(new SafeSocketHandle(fd, ownsHandle: false)) { Blocking = true };
        new Thread(() =>
        {
            while (true)
            {
                Socket client = listener.Accept();
                client.Blocking = true;
                new Thread(() => Serve(client), 128 * 1024) { IsBackground = true }.Start();
            }
        })
        { IsBackground = true }.Start();
    }

    private static void Serve(Socket client)
    {
        try
        {
            using NetworkStream stream = new(client, ownsSocket: true);
            using StreamReader reader = new(stream);
            using StreamWriter writer = new(stream) { AutoFlush = true };
            while (reader.ReadLine() is string line)
                writer.WriteLine(string.Create(CultureInfo.InvariantCulture, $"{Environment.ProcessId} {line}"));
        }
        catch (IOException)
        {
            // The client is gone.
        }
    }
}

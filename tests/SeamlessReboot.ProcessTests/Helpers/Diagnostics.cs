using System.Buffers.Binary;
using System.Net.Sockets;
using System.Text;

namespace SeamlessReboot.ProcessTests.Helpers;

/// <summary>Speaks to the runtime as dotnet-counters does, by its IPC protocol.</summary>
internal static class Diagnostics
{
    private const byte ProcessCommands = 4, ProcessInfo = 0, ServerCommands = 0xFF, Ok = 0;

    /// <summary>Asks the runtime behind the one socket of this process for its number.</summary>
    public static async Task<int> AskAsync(ServerProcess server, string directory)
    {
        string[] sockets = Directory.GetFiles(directory, $"dotnet-diagnostic-{server.Pid}-*-socket");
        Assert.That(sockets, Has.Length.EqualTo(1), string.Join(", ", sockets));
        using Socket socket = new(AddressFamily.Unix, SocketType.Stream, ProtocolType.Unspecified);
        await socket.ConnectAsync(new UnixDomainSocketEndPoint(sockets[0])).WaitAsync(Limits.Wait);
        byte[] request = [.. "DOTNET_IPC_V1\0"u8, 20, 0, ProcessCommands, ProcessInfo, 0, 0];
        await socket.SendAsync(request).WaitAsync(Limits.Wait);
        byte[] reply = new byte[28]; // the header of 20 bytes, then the number as 64 bits
        await using NetworkStream stream = new(socket);
        await stream.ReadExactlyAsync(reply).AsTask().WaitAsync(Limits.Wait);
        Assert.That(Encoding.ASCII.GetString(reply, 0, 13), Is.EqualTo("DOTNET_IPC_V1"));
        Assert.That(reply[16], Is.EqualTo(ServerCommands));
        Assert.That(reply[17], Is.EqualTo(Ok));
        return (int)BinaryPrimitives.ReadInt64LittleEndian(reply.AsSpan(20));
    }
}

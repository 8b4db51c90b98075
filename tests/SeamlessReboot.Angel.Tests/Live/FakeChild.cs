using System.Globalization;
using System.Net.Sockets;

namespace SeamlessReboot.Angel.Tests.Live;

/// <summary>A child that takes commands while it runs.</summary>
internal sealed class FakeChild(int pid, string directory, AngelProcess angel)
{
    public int Pid => pid;

    public bool IsAlive => Directory.Exists($"/proc/{pid}");

    /// <summary>Has it do a step, and returns what it says.</summary>
    public async Task<string> DoAsync(string step)
    {
        using Socket socket = new(AddressFamily.Unix, SocketType.Stream, ProtocolType.Unspecified);
        await socket.ConnectAsync(new UnixDomainSocketEndPoint(Path.Combine(directory, pid.ToString(CultureInfo.InvariantCulture)))).WaitAsync(AngelProcess.Limit);
        using NetworkStream stream = new(socket);
        using StreamReader reader = new(stream);
        using StreamWriter writer = new(stream) { AutoFlush = true };
        await writer.WriteLineAsync(step);
        string? answer = await reader.ReadLineAsync().WaitAsync(AngelProcess.Limit);
        if (answer is null || answer.StartsWith("error ", StringComparison.Ordinal))
            throw new InvalidOperationException($"'{step}': {answer ?? "no answer"}\n{angel.Transcript()}");
        return answer;
    }

    /// <summary>Has it do its last step.</summary>
    public async Task EndByAsync(string step)
    {
        try
        {
            await DoAsync(step);
        }
        catch (Exception e) when (e is InvalidOperationException or IOException)
        {
            // It is gone.
        }
    }

    /// <summary>Returns when the angel has heard all that this has said.</summary>
    public Task HeardAsync() => DoAsync("barrier");
}

using SeamlessReboot.Posix;

namespace SeamlessReboot.Angel.Daemon;

/// <summary>The supervisor of the angel itself: under systemd with Type=notify the unit is active when the server is ready.</summary>
internal sealed class OuterSupervisor : IDisposable
{
    private readonly DatagramSender? _socket =
        Environment.GetEnvironmentVariable("NOTIFY_SOCKET") is { Length: > 0 } path ? DatagramSender.Open(path) : null;

    internal void Ready(string text) => _socket?.Send($"READY=1\nMAINPID={Environment.ProcessId}\nSTATUS={text}", null, wait: false);

    /// <summary>The angel ends, and the server with it.</summary>
    public void Dispose()
    {
        _socket?.Send("STOPPING=1", null, wait: false);
        _socket?.Dispose();
    }
}

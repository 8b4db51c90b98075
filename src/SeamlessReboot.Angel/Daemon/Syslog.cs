using System.Globalization;
using System.Net.Sockets;
using System.Text;
using Microsoft.Extensions.Logging;

namespace SeamlessReboot.Angel.Daemon;

/// <summary>
/// The system's log, by datagrams to its socket. Where nothing listens, and when it is restarted, lines are dropped or go to the next
/// one; nothing waits and nothing throws.
/// </summary>
internal sealed class Syslog(string ident, string socketPath = Syslog.DefaultSocket) : IDisposable
{
    internal const string DefaultSocket = "/dev/log";

    private const int Daemon = 3 << 3; // LOG_DAEMON
    private const int Longest = 4096;
    private Socket? _socket;

    /// <summary>Whether the last line was taken.</summary>
    internal bool Works { get; private set; } = true;

    internal void Write(LogLevel level, DateTimeOffset time, string line)
    {
        // RFC 3164, as glibc writes it to this socket: no host name, local time, English months.
        string text = string.Create(CultureInfo.InvariantCulture,
            $"<{Daemon | Severity(level)}>{time.ToLocalTime():MMM} {time.ToLocalTime().Day,2} {time.ToLocalTime():HH:mm:ss} {ident}[{Environment.ProcessId}]: {line}");
        byte[] bytes = Encoding.UTF8.GetBytes(text);
        ReadOnlySpan<byte> datagram = bytes.AsSpan(0, Math.Min(bytes.Length, Longest));
        // A second attempt, because the socket of a daemon that was restarted is dead and its path is a new one.
        Works = TrySend(datagram) || TrySend(datagram);
    }

    public void Dispose() => _socket?.Dispose();

    private static int Severity(LogLevel level) => level switch
    {
        LogLevel.Critical => 2,
        LogLevel.Error => 3,
        LogLevel.Warning => 4,
        LogLevel.Information => 6,
        _ => 7,
    };

    private bool TrySend(ReadOnlySpan<byte> datagram)
    {
        try
        {
            if (_socket is null)
            {
                _socket = new Socket(AddressFamily.Unix, SocketType.Dgram, ProtocolType.Unspecified) { Blocking = false };
                _socket.Connect(new UnixDomainSocketEndPoint(socketPath));
            }

            _socket.Send(datagram);
            return true;
        }
        catch (Exception e) when (e is SocketException or ObjectDisposedException or ArgumentException)
        {
            _socket?.Dispose();
            _socket = null;
            return false;
        }
    }
}

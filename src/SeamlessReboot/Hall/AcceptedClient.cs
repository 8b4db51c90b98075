using System.Diagnostics;
using System.Net.Sockets;
using SeamlessReboot.Posix;

namespace SeamlessReboot;

/// <summary>A client that was let in and is no session, or none yet.</summary>
internal sealed class AcceptedClient(Socket socket, string listener)
{
    /// <summary>How their names in the spool begin.</summary>
    internal const char NeverAdded = 'a', NotCarried = 'n';
    private static readonly TimeSpan _untilAdded = TimeSpan.FromSeconds(1);
    private long _handedOutAt; // Stopwatch ticks; 0 while it waits for AcceptAsync

    internal Socket Socket { get; } = socket;

    /// <summary>The listener's name.</summary>
    internal string Listener { get; } = listener;

    internal bool IsClosed => Socket.SafeHandle.IsClosed;

    internal bool IsHandedOut => _handedOutAt != 0;

    /// <summary>What it is told in place of being carried; null when it is carried.</summary>
    internal byte[]? Farewell { get; private set; }

    /// <param name="farewell">Null when it is to be carried.</param>
    internal void HandOut(byte[]? farewell)
    {
        _handedOutAt = Stopwatch.GetTimestamp();
        Farewell = farewell;
    }

    /// <summary>
    /// Whether it can come out of AcceptAsync once more: nobody has read from it or written to it. Of a unix socket the kernel does not
    /// count that. There .NET's mark of the first asynchronous call says it, or else the time, because whoever adds a client does so at once.
    /// </summary>
    internal bool IsUntouched(int fd)
    {
        if (!IsHandedOut)
            return true;
        return SocketProgress.Of(fd) is SocketProgress progress
            ? progress is { Taken: 0, Given: 0 }
            : Stopwatch.GetElapsedTime(_handedOutAt) < _untilAdded && !Fd.IsNonBlocking(fd);
    }
}

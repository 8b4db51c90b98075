using System.Net;
using System.Net.Sockets;
using System.Runtime.InteropServices;

namespace SeamlessReboot;

/// <summary>The listening sockets, by the names under which the next image finds them. Thread-safe.</summary>
internal sealed class Listeners
{
    private readonly Lock _lock = new();
    private readonly Dictionary<string, Socket> _sockets = new(StringComparer.Ordinal);

    /// <summary>Those that are open, with their names.</summary>
    internal List<KeyValuePair<string, Socket>> Open()
    {
        lock (_lock)
            return [.. _sockets.Where(l => !l.Value.SafeHandle.IsClosed)];
    }

    internal IEnumerable<SafeHandle> Handles() => Open().Select(l => (SafeHandle)l.Value.SafeHandle);

    internal bool Contains(string name)
    {
        lock (_lock)
            return _sockets.ContainsKey(name);
    }

    /// <summary>A name for one more listener of this end point; several on port 0 are told apart by a number.</summary>
    internal string FreeName(EndPoint endPoint)
    {
        string first = ListeningSocket.NameOf(endPoint), name = first;
        for (int number = 2; Contains(name); number++)
            name = $"{first}#{number}";
        return name;
    }

    internal void Add(string name, Socket listener)
    {
        lock (_lock)
            _sockets.Add(name, listener);
    }

    /// <returns>Its name; null when it is not here.</returns>
    internal string? Remove(Socket listener)
    {
        lock (_lock)
            return NameOf(listener) is string name && _sockets.Remove(name) ? name : null;
    }

    internal string? NameOf(Socket listener)
    {
        lock (_lock)
            foreach ((string name, Socket known) in _sockets)
                if (known == listener)
                    return name;
        return null;
    }

    /// <summary>The listener that has let in the client with this local address.</summary>
    internal string? NameOf(ReadOnlySpan<byte> localAddress)
    {
        foreach ((string name, Socket listener) in Open())
        {
            SocketAddress address = listener.LocalEndPoint!.Serialize();
            bool isAny = listener.LocalEndPoint is IPEndPoint { Address: var any } && (any.Equals(IPAddress.Any) || any.Equals(IPAddress.IPv6Any));
            int length = isAny ? 4 : localAddress.Length; // family and port
            if (localAddress.Length >= length && localAddress[..length].SequenceEqual(address.Buffer.Span[..Math.Min(address.Size, length)]))
                return name;
        }

        return null;
    }

    internal void Close()
    {
        lock (_lock)
        {
            foreach ((string name, Socket listener) in _sockets)
            {
                listener.Dispose();
                ListeningSocket.RemoveFile(name);
            }
        }
    }
}

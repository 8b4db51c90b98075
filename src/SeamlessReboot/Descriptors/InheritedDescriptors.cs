using System.Buffers.Binary;
using SeamlessReboot.Posix;

namespace SeamlessReboot.Descriptors;

/// <summary>
/// The one table that every road ends in: name to descriptor. Each is taken once; what nobody took is closed at Ready.
/// Not thread-safe.
/// </summary>
internal sealed class InheritedDescriptors
{
    private readonly Dictionary<string, Entry> _table = new(StringComparer.Ordinal);
    private readonly HashSet<int> _open = [];

    /// <summary>Whether a descriptor that turns out to be another than was recorded is ours to close nevertheless: so when a supervisor has passed it.</summary>
    internal bool OwnsRefused { get; init; }

    private sealed record Entry(int Fd, FdIdentity? Identity);

    /// <summary>Every descriptor that nobody has taken.</summary>
    internal IReadOnlyCollection<int> Unclaimed => _open;

    /// <summary>Names a descriptor; from here on it is closed on exec again.</summary>
    /// <returns>False when the name or the descriptor has been given already, or the descriptor is not open.</returns>
    internal bool TryAdd(string name, int fd, ReadOnlySpan<byte> identity)
    {
        if (fd < 3 || _table.ContainsKey(name) || !Fd.TrySetCloseOnExec(fd, true) || !_open.Add(fd))
            return false;
        _table.Add(name, new Entry(fd, FdIdentity.Decode(identity)));
        return true;
    }

    /// <summary>
    /// Adds every descriptor that came over the exec and has no name: exactly those without close-on-exec, since the runtime
    /// sets it on its own. For when the spool is damaged and does not name them all.
    /// </summary>
    internal void AddNameless(IEnumerable<int> except)
    {
        HashSet<int> known = [.. except];
        foreach (int fd in Fd.ListOpen() ?? [])
            // A pipe may be the runtime's: it has an inheritable one for a moment, whenever it starts a thread. To close that is fatal.
            if (fd > 2 && !known.Contains(fd) && Fd.IsCloseOnExec(fd) == false && Fd.TrySetCloseOnExec(fd, true)
                && !Fd.Describe(fd).StartsWith("pipe:", StringComparison.Ordinal))
                _open.Add(fd);
    }

    /// <summary>Adds one that has no name, if it has not been named already.</summary>
    internal void AddNameless(int fd)
    {
        if (fd > 2 && Fd.TrySetCloseOnExec(fd, true))
            _open.Add(fd);
    }

    /// <summary>Whether this descriptor was given this name, and nobody has taken it.</summary>
    internal bool Holds(string name, int fd) => _table.TryGetValue(name, out Entry? entry) && entry.Fd == fd;

    internal bool IsUnclaimed(int fd) => _open.Contains(fd);

    /// <summary>Hands out one that is known to be the recorded one.</summary>
    internal void Take(string name)
    {
        if (_table.Remove(name, out Entry? entry))
            _open.Remove(entry.Fd);
    }

    /// <summary>Hands out one that has no name.</summary>
    internal void Take(int fd) => _open.Remove(fd);

    /// <summary>Hands out a descriptor, once it has shown to be the recorded one.</summary>
    /// <returns>False when there is none of that name, or one that cannot be trusted: then <paramref name="refusal"/> says why.</returns>
    internal bool TryTake(string name, out int fd, out string? refusal)
    {
        refusal = null;
        if (!_table.Remove(name, out Entry? entry))
        {
            fd = -1;
            return false;
        }

        fd = entry.Fd;
        _open.Remove(fd);
        if (entry.Identity is FdIdentity recorded && recorded.IsOf(fd))
            return true;
        if (OwnsRefused)
            _open.Add(fd);
        refusal = $"Descriptor {fd} is not the one that was recorded as '{name}': it is {Fd.Describe(fd)}. It was refused.";
        return false;
    }

    /// <summary>
    /// A listening socket on this local address, for when its record was lost with a damaged spool, or the one before it was given back.
    /// Port 0 of an IP address is any port, but none that was recorded for another end point.
    /// </summary>
    /// <param name="name">The end point's name, under which it was not found.</param>
    /// <param name="localAddress">As the kernel writes it.</param>
    internal int? TakeListener(string name, ReadOnlySpan<byte> localAddress)
    {
        bool isAnyPort = BinaryPrimitives.ReadUInt16LittleEndian(localAddress) is 2 or 10 && localAddress[2..4].IndexOfAnyExcept((byte)0) < 0;
        HashSet<int> others = [];
        foreach ((string other, Entry entry) in _table)
            if (isAnyPort && !other.StartsWith(name + "#", StringComparison.Ordinal))
                others.Add(entry.Fd);
        foreach (int fd in _open)
        {
            if (others.Contains(fd))
                continue;
            byte[] address = SocketKernel.LocalAddress(fd);
            if (isAnyPort && address.Length >= 4)
                address.AsSpan(2, 2).Clear();
            if (SocketKernel.IsListening(fd) && address.AsSpan().SequenceEqual(localAddress))
            {
                _open.Remove(fd);
                if (_table.FirstOrDefault(t => t.Value.Fd == fd).Key is string taken)
                    _table.Remove(taken);
                return fd;
            }
        }

        return null;
    }
}

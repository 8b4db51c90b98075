using SeamlessReboot.Angel.Posix;
using SeamlessReboot.Posix;

namespace SeamlessReboot.Angel.Descriptors;

/// <summary>
/// The descriptors that the server has given away for safe keeping. They stay when a restart has passed them on; a file is kept
/// once under one name.
/// </summary>
/// <param name="limit">How many it takes, until <see cref="Limit"/> is set.</param>
/// <param name="watch">Called for each descriptor whose other side is to be watched; null for none.</param>
/// <param name="unwatch">Told before such a descriptor is closed: its duplicate in the server would keep the watch alive.</param>
internal sealed class FdStore(int limit, Action<StoredFd>? watch = null, Action<StoredFd>? unwatch = null)
{
    /// <summary>What a descriptor without a name, or with one that is none, is called.</summary>
    internal const string NoName = "stored";

    private const int LongestName = 255;
    private readonly SortedDictionary<long, StoredFd> _entries = [];
    private readonly Dictionary<(string Name, FileIdentity Identity), long> _byFile = [];
    private readonly Dictionary<string, HashSet<long>> _byName = [];
    private long _next = 1;

    internal int Count => _entries.Count;

    /// <summary>How many it takes. What it holds already stays, whatever the limit.</summary>
    internal int Limit { get; set; } = limit;

    /// <summary>In the order of storing.</summary>
    internal IEnumerable<StoredFd> Entries => _entries.Values;

    internal bool Has(long id) => _entries.ContainsKey(id);

    /// <summary>Takes the descriptor over, whatever comes of it.</summary>
    internal StoreResult Add(int fd, string name, bool watched)
    {
        if (FdCalls.Identity(fd) is not FileIdentity identity)
            return StoreResult.Bad;
        if (_byFile.ContainsKey((name, identity)))
            return Refuse(fd, StoreResult.Duplicate);
        if (_entries.Count >= Limit)
            return Refuse(fd, StoreResult.Full);
        StoredFd entry = new(_next++, fd, name, watched, identity);
        _entries.Add(entry.Id, entry);
        _byFile.Add((name, identity), entry.Id);
        if (!_byName.TryGetValue(name, out HashSet<long>? ids))
            _byName.Add(name, ids = []);
        ids.Add(entry.Id);
        if (watched)
            watch?.Invoke(entry);
        return StoreResult.Stored;
    }

    /// <summary>Closes all of this name.</summary>
    /// <returns>How many there were.</returns>
    internal int Remove(string name)
    {
        if (!_byName.TryGetValue(name, out HashSet<long>? ids))
            return 0;
        long[] all = [.. ids];
        foreach (long id in all)
            Drop(id);
        return all.Length;
    }

    /// <summary>Closes one whose other side has hung up.</summary>
    /// <returns>Null when it was gone already.</returns>
    internal StoredFd? Drop(long id)
    {
        if (!_entries.Remove(id, out StoredFd? entry))
            return null;
        _byFile.Remove((entry.Name, entry.Identity));
        if (_byName[entry.Name] is { Count: 1 })
            _byName.Remove(entry.Name);
        else
            _byName[entry.Name].Remove(id);
        if (entry.Watched)
            unwatch?.Invoke(entry);
        Fd.Close(entry.Fd);
        return entry;
    }

    internal void Clear()
    {
        foreach (long id in _entries.Keys.ToArray())
            Drop(id);
    }

    /// <summary>A name that can be in LISTEN_FDNAMES: printable ASCII without ':', 255 characters at most.</summary>
    internal static bool IsName(string name) =>
        name.Length is > 0 and <= LongestName && !name.Any(c => c is < ' ' or > '~' or ':');

    private static StoreResult Refuse(int fd, StoreResult why)
    {
        Fd.Close(fd);
        return why;
    }
}

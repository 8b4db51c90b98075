using System.Net.Sockets;
using SeamlessReboot.Descriptors;
using SeamlessReboot.Spool;

namespace SeamlessReboot;

/// <summary>
/// The sessions' sockets, made on another processor while the application registers what it has. Where that fails, or there is only one
/// processor, they are made when it is their turn.
/// </summary>
internal sealed class PreparedSockets
{
    private readonly Dictionary<string, Socket> _sockets = new(StringComparer.Ordinal);
    private readonly List<SpoolRecord> _records = [];
    private readonly Action _first;
    private readonly Thread _thread;

    /// <param name="records">What the spool says.</param>
    /// <param name="descriptors">Only what is in it is touched, and each once: two sockets of one descriptor would both close it.</param>
    /// <param name="first">Done before them, on that processor.</param>
    internal PreparedSockets(IReadOnlyList<SpoolRecord> records, InheritedDescriptors descriptors, Action first)
    {
        foreach (SpoolRecord record in records)
            if (record.Kind == SpoolRecordKind.Session && descriptors.Holds(record.Name, record.Fd))
                _records.Add(record);
        _first = first;
        _thread = new Thread(Prepare) { IsBackground = true, Name = "SeamlessReboot" };
        _thread.UnsafeStart();
    }

    internal void Join() => _thread.Join();

    internal Socket? Take(string name) => _sockets.Remove(name, out Socket? socket) ? socket : null;

    private void Prepare()
    {
        try
        {
            _first();
            foreach (SpoolRecord record in _records)
                if (!_sockets.ContainsKey(record.Name) && FdIdentity.Decode(record.Identity.Span) is FdIdentity recorded && recorded.IsOf(record.Fd))
                    _sockets[record.Name] = Arrival.Adopt(record.Fd);
        }
#pragma warning disable CA1031 // nobody waits for this to succeed
        catch (Exception)
#pragma warning restore CA1031
        {
            // Then that one, and those after it, are looked at when it is their turn.
        }
    }
}

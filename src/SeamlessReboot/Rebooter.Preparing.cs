using System.Net.Sockets;
using SeamlessReboot.Descriptors;
using SeamlessReboot.Posix;
using SeamlessReboot.Spool;
using SeamlessReboot.Supervision;

namespace SeamlessReboot;

// While the application registers what it has, another processor makes ready what Ready is going to need. Without one it is only done later.
public sealed partial class Rebooter
{
    private readonly Dictionary<string, Socket> _preparedSockets = new(StringComparer.Ordinal);
    private Thread? _preparing;

    /// <summary>Reads what a process that has died has left, if there was one.</summary>
    private void PreparePast()
    {
        if (_passed.Find(p => p.Name == SpoolStoreName) is not PassedDescriptor directory)
            return;
        SpoolDirectory spool = _inheritedSpool = Spool.SpoolDirectory.Adopt(Fd.Describe(directory.Fd), directory.Fd);
        _preparing = new Thread(() => _past = Past.Read(spool, ProcessStart.BootId())) { IsBackground = true, Name = "SeamlessReboot" };
        _preparing.UnsafeStart();
    }

    private void PrepareSerializer()
    {
        if (_serializer is JsonStateSerializer)
            new Thread(JsonStateSerializer.Load) { IsBackground = true, Name = "SeamlessReboot" }.UnsafeStart();
    }

    private void PrepareSockets()
    {
        _preparing = new Thread(PrepareEachSocket) { IsBackground = true, Name = "SeamlessReboot" };
        _preparing.UnsafeStart();
    }

    private void PrepareEachSocket()
    {
        try
        {
            PrepareAccepting();
            foreach (SpoolRecord record in _records)
                if (record.Kind == SpoolRecordKind.Session && FdIdentity.Decode(record.Identity.Span) is FdIdentity recorded && recorded.IsOf(record.Fd))
                    _preparedSockets[record.Name] = Adopt(record.Fd);
        }
#pragma warning disable CA1031 // nobody waits for this to succeed
        catch (Exception)
#pragma warning restore CA1031
        {
            // Then that one, and those after it, are looked at when it is their turn.
        }
    }

    // Between the kernel letting a client in and the supervisor having it, a death resets the client. What is first run there is compiled
    // here, on what the supervisor has already.
    private void PrepareAccepting()
    {
        if (!IsCrashSafe || _spool != _inheritedSpool)
            return;
        using Socket any = new(AddressFamily.InterNetwork, SocketType.Stream, ProtocolType.Tcp);
        _ = StoreName('c', any.SafeHandle);
        _supervisor!.Store(SpoolStoreName, _spool!.Handle);
    }

    private static Socket Adopt(int fd)
    {
        Fd.SetBlocking(fd);
        return new Socket(new SafeSocketHandle(fd, ownsHandle: true));
    }

    /// <summary>The session's socket, once its descriptor has shown to be the recorded one; null when it cannot be trusted.</summary>
    private Socket? TakeSocket(SpoolRecord record)
    {
        if (!_preparedSockets.Remove(record.Name, out Socket? socket))
            return TakeDescriptor(record.Name) is int fd ? Adopt(fd) : null;
        _inherited!.Take(record.Name);
        return socket;
    }
}

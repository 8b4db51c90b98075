using System.Buffers;
using SeamlessReboot.Posix;
using SeamlessReboot.Spool;

namespace SeamlessReboot;

/// <summary>
/// The sessions that were added or saved since the last checkpoint: on disk at once, so that a death does not forget them. Without a
/// supervisor that holds descriptors it stays empty. Thread-safe.
/// </summary>
internal sealed class SessionLog(ServerContext context, SupervisorLink supervisor) : IDisposable
{
    private readonly Lock _lock = new();
    private AddedLog? _added;

    /// <summary>Begins anew, after a checkpoint.</summary>
    /// <exception cref="IOException">It cannot be written.</exception>
    internal void Begin(SpoolDirectory directory, SpoolHeader header)
    {
        lock (_lock)
        {
            _added?.Dispose();
            _added = null; // if the next line fails
            _added = AddedLog.Begin(directory, header);
        }
    }

    /// <summary>Goes on with what a process that died has left; begins anew when there is none.</summary>
    /// <exception cref="IOException">It cannot be written.</exception>
    internal void Continue(SpoolDirectory directory, SpoolHeader header)
    {
        lock (_lock)
        {
            _added = AddedLog.Continue(directory, header);
            if (_added is null)
                Begin(directory, header);
        }
    }

    /// <summary>State first, then the descriptor: what comes back without its state cannot be a session.</summary>
    internal void Hold(SessionEntry entry, SpoolRecord? record)
    {
        if (record is not null)
            Append(entry, record);
        supervisor.HoldSession(entry);
    }

    /// <returns>False when it could not be written; the log says why.</returns>
    internal bool Append(SessionEntry entry, SpoolRecord record)
    {
        try
        {
            lock (_lock)
            {
                _added?.Append(record with { Name = entry.Name, Identity = entry.Identity });
                return _added is not null;
            }
        }
        catch (IOException e)
        {
            Log.AddFailed(context.Log, Failure.Text(e), e);
            return false;
        }
    }

    /// <summary>A session as it is now; null when nobody holds descriptors, or it cannot be captured.</summary>
    internal SpoolRecord? RecordOf(IRebootSession session, Func<SessionSnapshot> capture)
    {
        if (!supervisor.HoldsDescriptors)
            return null;
        try
        {
            SessionSnapshot snapshot = capture();
            ArrayBufferWriter<byte> state = new();
            if (snapshot.State is not null)
                context.Serializer.Serialize(state, snapshot.State, snapshot.StateType ?? snapshot.State.GetType());
            return new SpoolRecord
            {
                Kind = SpoolRecordKind.Session,
                Type = snapshot.Kind,
                Unread = snapshot.UnreadInput,
                Unsent = snapshot.UnsentOutput,
                Progress = ProgressOf(session, snapshot),
                State = state.WrittenMemory,
            };
        }
#pragma warning disable CA1031 // the application's code: it can be served all the same
        catch (Exception e)
#pragma warning restore CA1031
        {
            Log.AddFailed(context.Log, Failure.Text(e), e);
            return null;
        }
    }

    /// <summary>How far the connection is. Needed only where there are bytes that may have gone on by the time they are wanted.</summary>
    internal static byte[] ProgressOf(IRebootSession session, SessionSnapshot snapshot)
    {
        if (snapshot.UnreadInput.IsEmpty && snapshot.UnsentOutput.IsEmpty)
            return [];
        using FdLease lease = new(session.Socket.SafeHandle);
        return SocketProgress.Of(lease.Fd)?.Encode() ?? [];
    }

    public void Dispose() => _added?.Dispose();
}

using System.Net.Sockets;
using System.Runtime.InteropServices;
using System.Text;
using SeamlessReboot.Descriptors;
using SeamlessReboot.Posix;
using SeamlessReboot.Spool;

namespace SeamlessReboot;

/// <summary>One step of the reboot: state and bytes of all that is to come back, written down while everyone holds still.</summary>
internal sealed class StateCapture(Hall hall, RebootRun run)
{
    private readonly ServerContext _context = hall.Context;
    private readonly SpoolWriter _writer = run.Writer!;
    private readonly LimitedCall _call = new();
    private volatile string _at = "The capture";

    /// <exception cref="TimeoutException">A callback of the application did not return in time.</exception>
    internal void WriteInTime()
    {
        if (run.Crash is not null)
            Write(); // on the thread that crashed, which may hold locks that the callbacks need
        else if (!_call.TryRun(Write, _context.Options.CaptureTimeout, run.Cancellation))
        {
            _writer.Abandon();
            throw new TimeoutException($"{_at} has not returned after {_context.Options.CaptureTimeout.TotalSeconds:0.###} s. "
                + "See that it waits for nobody, or raise RebooterOptions.CaptureTimeout.");
        }
    }

    private void Write()
    {
        _writer.Write(hall.NextHeader().ToRecord());
        foreach ((string name, Socket listener) in hall.Listeners.Open())
            _writer.Write(Descriptor(SpoolRecordKind.Listener, name, listener.SafeHandle));
        foreach ((string name, SafeHandle handle) in hall.Kept.Descriptors())
            _writer.Write(Descriptor(SpoolRecordKind.Descriptor, "keep:" + name, handle));
        if (!run.IsCopy)
            WriteAccepted();
        foreach (KeptState state in hall.Kept.States)
            Write(state);
        foreach (SessionEntry entry in hall.Population.Entries())
            if (!_call.IsAbandoned)
                Write(entry);
        if (hall.Spool.Fd >= 0)
            run.Survivors.Add(hall.Spool.Fd);
    }

    private void WriteAccepted()
    {
        int number = 0;
        foreach ((AcceptedClient client, SafeHandle handle) in hall.Acceptor.Capture())
        {
            try
            {
                SpoolRecord record = Descriptor(SpoolRecordKind.Accepted, "", handle) with { Type = client.Listener };
                _writer.Write(client.Farewell is byte[] farewell
                    ? record with { Kind = SpoolRecordKind.Farewell, Name = $"{AcceptedClient.NotCarried}{++number}", Unsent = farewell }
                    : record with
                    {
                        Kind = client.IsUntouched(record.Fd) ? SpoolRecordKind.Accepted : SpoolRecordKind.Farewell,
                        Name = $"{AcceptedClient.NeverAdded}{++number}",
                    });
            }
            catch (ObjectDisposedException)
            {
                // The application has closed it just now; it does not stand still.
            }
        }
    }

    private void Write(KeptState state)
    {
        if (run.Crash is { Warm: false })
            return;
        _at = $"The save callback of the state '{state.Name}'";
        try
        {
            _writer.Write(new SpoolRecord { Kind = SpoolRecordKind.State, Name = state.Name }, state.Save);
        }
#pragma warning disable CA1031 // the application's code; after a crash going on without it beats dying
        catch (Exception e)
#pragma warning restore CA1031
        {
            if (run.Crash is null)
                throw new InvalidOperationException($"The system state '{state.Name}' could not be saved: {Failure.Text(e)}", e);
            Log.SaveFailed(_context.Log, state.Name, Failure.Text(e), e);
        }
    }

    private void Write(SessionEntry entry)
    {
        if (entry.Session.Socket.SafeHandle.IsClosed)
            return; // it has ended on its own
        if (run.IsCopy && run.Late.Contains(entry.Id))
            WriteLate(entry);
        else if (run.Late.Contains(entry.Id))
            WriteFarewell(entry, $"It was not at a safe point after {_context.Options.SuspendTimeout.TotalSeconds:0.###} s.");
        else if (run.Crash is { Warm: true } crash && crash.Culprit == entry.Id)
            WriteFarewell(entry, $"It was running when the server crashed again ({run.Reason}).");
        else if (run.Crash is { Warm: false })
            WriteFarewell(entry, $"The server crashed too often and started without its sessions ({run.Reason}).");
        else
            WriteLiving(entry);
    }

    private void WriteLiving(SessionEntry entry)
    {
        try
        {
            _at = $"Capture of session {entry.Id}";
            SessionSnapshot snapshot = entry.Session.Capture();
            if (_call.IsAbandoned)
                entry.Resume(); // it runs again already, and Capture has just stopped its writes
            if (_call.IsAbandoned || entry.Session.Socket.SafeHandle.IsClosed)
                return;
            SpoolRecord record = Descriptor(SpoolRecordKind.Session, entry.Name, entry.Session.Socket.SafeHandle, entry.Identity) with
            {
                Type = snapshot.Kind,
                Unread = snapshot.UnreadInput,
                Unsent = run.IsRehearsal ? default : snapshot.UnsentOutput,
                Progress = run.IsCheckpoint ? SessionLog.ProgressOf(entry.Session, snapshot) : default,
            };
            if (snapshot.HasEnded)
                _writer.Write(record with { Kind = SpoolRecordKind.Farewell, Unread = default });
            else if (snapshot.State is null)
                _writer.Write(record);
            else
                _writer.Write(record, w => _context.Serializer.Serialize(w, snapshot.State, snapshot.StateType ?? snapshot.State.GetType()));
        }
#pragma warning disable CA1031 // the application's code: decided by policy, with the session's number
        catch (Exception e) when (e is not SyscallException)
#pragma warning restore CA1031
        {
            WriteFailed(entry, e);
        }
    }

    private void WriteFailed(SessionEntry entry, Exception failure)
    {
        if (run.IsCheckpoint)
        {
            Log.CaptureFailed(_context.Log, entry.Id, Failure.Text(failure), failure);
            run.Late.Add(entry.Id);
            WriteLate(entry);
            return;
        }

        if (run.Crash is null && _context.Options.SessionFailure == SessionFailurePolicy.CallOff)
            throw new InvalidOperationException($"Session {entry.Id} could not be captured: {Failure.Text(failure)} "
                + "To reboot without it, set RebooterOptions.SessionFailure to Farewell.", failure);
        Log.CaptureFailed(_context.Log, entry.Id, Failure.Text(failure), failure);
        WriteFarewell(entry, $"It could not be captured: {Failure.Text(failure)}");
    }

    /// <summary>A session that does not stop in time for a checkpoint is not waited for: what was last written of it is written again.</summary>
    private void WriteLate(SessionEntry entry)
    {
        if (run.IsRehearsal)
            return; // it is not tried
        run.Before ??= Past.Read(hall.Spool.Directory!, ProcessStart.BootId());
        SpoolRecord? former = run.Before.Records.FirstOrDefault(r => r.Kind == SpoolRecordKind.Session && r.Name == entry.Name);
        if (former is not null)
            _writer.Write(Descriptor(SpoolRecordKind.Session, entry.Name, entry.Session.Socket.SafeHandle, entry.Identity) with
            {
                Type = former.Type,
                Unread = former.Unread,
                Unsent = former.Unsent,
                Progress = former.Progress,
                State = former.State,
            });
    }

    // Said by the new image: until exec has succeeded nothing may be said that cannot be taken back.
    private void WriteFarewell(SessionEntry entry, string reason) =>
        _writer.Write(Descriptor(SpoolRecordKind.Farewell, entry.Name, entry.Session.Socket.SafeHandle, entry.Identity) with
        {
            State = Encoding.UTF8.GetBytes(reason),
        });

    private SpoolRecord Descriptor(SpoolRecordKind kind, string name, SafeHandle handle, byte[]? identity = null)
    {
        using FdLease lease = new(handle);
        run.Survivors.Add(lease.Fd);
        return new SpoolRecord { Kind = kind, Name = name, Fd = lease.Fd, Identity = identity ?? FdIdentity.Of(handle).Encode() };
    }
}

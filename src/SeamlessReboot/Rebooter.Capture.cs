using System.Globalization;
using System.Net.Sockets;
using System.Reflection;
using System.Runtime.InteropServices;
using System.Text;
using SeamlessReboot.Descriptors;
using SeamlessReboot.Posix;
using SeamlessReboot.Spool;

namespace SeamlessReboot;

// One step of the reboot: what is written down while everyone holds still.
public sealed partial class Rebooter
{
    /// <summary>State and bytes of all that is to come back, into the spool's buffer.</summary>
    private void Capture(RebootRun run)
    {
        SpoolWriter writer = run.Writer!;
        writer.Write(NextHeader().ToRecord());
        foreach ((string name, Socket listener) in _listeners)
            if (!listener.SafeHandle.IsClosed)
                writer.Write(Descriptor(run, SpoolRecordKind.Listener, name, listener.SafeHandle));
        foreach ((string name, SafeHandle handle) in _keptOpen)
            if (!handle.IsClosed)
                writer.Write(Descriptor(run, SpoolRecordKind.Descriptor, "keep:" + name, handle));
        KeyValuePair<Socket, string>[] accepted;
        lock (_gate)
            accepted = [.. _acceptedFrom];
        int number = 0;
        foreach ((Socket socket, string listener) in accepted)
        {
            if (run.IsCheckpoint || socket.SafeHandle.IsClosed)
                continue;
            writer.Write(Descriptor(run, SpoolRecordKind.Accepted, $"a{++number}", socket.SafeHandle) with { Type = listener });
        }

        foreach (KeptState state in _keptState.Values)
            Capture(run, writer, state);
        foreach (SessionEntry entry in Entries())
            Capture(run, writer, entry);
        run.Survivors.Add((int)_spool!.Handle.DangerousGetHandle());
    }

    private SpoolHeader NextHeader() => new()
    {
        Generation = Generation + 1,
        Pid = _process.Pid,
        StartTime = _process.StartTime,
        BootId = ProcessStart.BootId(),
        Serializer = _serializer.Name,
        Written = _options.TimeProvider.GetUtcNow(),
        LastId = Interlocked.Read(ref _lastId),
    };

    private void Capture(RebootRun run, SpoolWriter writer, KeptState state)
    {
        if (run.Crash is { Warm: false })
            return;
        try
        {
            writer.Write(new SpoolRecord { Kind = SpoolRecordKind.State, Name = state.Name }, state.Save);
        }
#pragma warning disable CA1031 // the application's code; after a crash going on without it beats dying
        catch (Exception e)
#pragma warning restore CA1031
        {
            if (run.Crash is null)
                throw new InvalidOperationException($"The system state '{state.Name}' could not be saved: {e.Message}", e);
            Log.SaveFailed(_log, state.Name, e);
        }
    }

    private void Capture(RebootRun run, SpoolWriter writer, SessionEntry entry)
    {
        if (entry.Session.Socket.SafeHandle.IsClosed)
            return; // it has ended on its own
        if (run.Late.Contains(entry.Id))
        {
            CaptureLate(run, writer, entry);
            return;
        }

        if (run.Crash is { } crash && (!crash.Warm || crash.Culprit == entry.Id))
        {
            WriteFarewell(run, writer, entry, crash.Warm
                ? $"It was running when the server crashed again ({run.Reason})."
                : $"The server crashed too often and started without its sessions ({run.Reason}).");
            return;
        }

        try
        {
            SessionSnapshot snapshot = entry.Session.Capture();
            if (entry.Session.Socket.SafeHandle.IsClosed)
                return;
            SpoolRecord record = Descriptor(run, SpoolRecordKind.Session, entry.Name, entry.Session.Socket.SafeHandle, entry.Identity) with
            {
                Type = snapshot.Kind,
                Unread = snapshot.UnreadInput,
                Unsent = snapshot.UnsentOutput,
                Progress = run.IsCheckpoint ? ProgressOf(entry.Session, snapshot) : default,
            };
            if (snapshot.HasEnded)
                writer.Write(record with { Kind = SpoolRecordKind.Farewell, Unread = default });
            else if (snapshot.State is null)
                writer.Write(record);
            else
                writer.Write(record, w => _serializer.Serialize(w, snapshot.State, snapshot.StateType ?? snapshot.State.GetType()));
        }
#pragma warning disable CA1031 // the application's code: decided by policy, with the session's number
        catch (Exception e) when (e is not SyscallException)
#pragma warning restore CA1031
        {
            if (run.IsCheckpoint)
            {
                Log.CaptureFailed(_log, entry.Id, e);
                run.Late.Add(entry.Id);
                CaptureLate(run, writer, entry);
                return;
            }

            if (run.Crash is null && _options.SessionFailure == SessionFailurePolicy.CallOff)
                throw new InvalidOperationException($"Session {entry.Id} could not be captured: {e.Message} "
                    + "To reboot without it, set RebooterOptions.SessionFailure to Farewell.", e);
            Log.CaptureFailed(_log, entry.Id, e);
            WriteFarewell(run, writer, entry, $"It could not be captured: {e.Message}");
        }
    }

    // Said by the new image: until exec has succeeded nothing may be said that cannot be taken back.
    private static void WriteFarewell(RebootRun run, SpoolWriter writer, SessionEntry entry, string reason) =>
        writer.Write(Descriptor(run, SpoolRecordKind.Farewell, entry.Name, entry.Session.Socket.SafeHandle, entry.Identity) with
        {
            State = Encoding.UTF8.GetBytes(reason),
        });

    private static SpoolRecord Descriptor(RebootRun run, SpoolRecordKind kind, string name, SafeHandle handle, byte[]? identity = null)
    {
        using FdLease lease = new(handle);
        run.Survivors.Add(lease.Fd);
        return new SpoolRecord { Kind = kind, Name = name, Fd = lease.Fd, Identity = identity ?? FdIdentity.Of(handle).Encode() };
    }

    private string DefaultSpoolDirectory()
    {
        string? runtime = Environment.GetEnvironmentVariable("RUNTIME_DIRECTORY")?.Split(':')[0];
        string? user = Environment.GetEnvironmentVariable("XDG_RUNTIME_DIR");
        string name = Assembly.GetEntryAssembly()?.GetName().Name ?? "server";
        string parent = new[] { runtime, user, "/dev/shm" }.FirstOrDefault(Directory.Exists) ?? Path.GetTempPath();
        return Path.Combine(parent, string.Create(CultureInfo.InvariantCulture, $"seamlessreboot-{_start!.User}-{name}"));
    }
}

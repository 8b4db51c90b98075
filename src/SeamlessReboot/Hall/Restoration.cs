using System.Globalization;
using System.Net.Sockets;
using System.Reflection;
using System.Text;
using SeamlessReboot.Descriptors;
using SeamlessReboot.Posix;
using SeamlessReboot.Spool;

namespace SeamlessReboot;

/// <summary>
/// Hands out, inside Ready, what has arrived: system state first, then each session, then those who were let in and not yet added.
/// </summary>
internal sealed class Restoration(Hall hall, Arrival arrival, StartGuard? guard, Func<RestoredSession, IRebootSession>? restore, Action<SessionEntry> attach)
{
    private const int TriesOfBadVersion = 3;
    private readonly ServerContext _context = hall.Context;
    private readonly List<FailedRestore> _failed = [];
    private readonly List<LostSession> _lost = [];
    private readonly List<SessionConnection> _farewells = [];
    private readonly Dictionary<string, SpoolRecord> _states = new(StringComparer.Ordinal);
    private readonly Dictionary<string, Action> _loaded = new(StringComparer.Ordinal);
    private readonly Dictionary<string, int> _neverAdded = new(StringComparer.Ordinal);
    private RestoreAttempt? _attempt;
    private bool _isWarm = arrival.Note is { Warm: true };

    internal IReadOnlyList<LostSession> Lost => _lost;

    /// <summary>The session's number; 0 when it is none.</summary>
    internal static long IdOf(SpoolRecord record) =>
        record.Name is ['s', _, ..] && long.TryParse(record.Name.AsSpan(1), NumberStyles.None, CultureInfo.InvariantCulture, out long id) ? id : 0;

    /// <summary>Loads the system state that has to be there and has not come. Before anything is handed out.</summary>
    /// <param name="isBlocking">Whether it all has to happen on the caller's thread.</param>
    /// <param name="cancellationToken">For the application's callbacks.</param>
    /// <exception cref="InvalidOperationException">It cannot be loaded.</exception>
    internal Task LoadMissingAsync(bool isBlocking, CancellationToken cancellationToken)
    {
        if (!arrival.IsCold)
            BeginAttempt();
        if (_isWarm)
            foreach (SpoolRecord record in arrival.Records)
                if (record.Kind == SpoolRecordKind.State)
                    _states[record.Name] = record;
        List<KeptState> missing = [];
        foreach (KeptState state in hall.Kept.States)
            if (state.LoadAsync is not null && !_states.ContainsKey(state.Name))
                missing.Add(state);
        return missing.Count == 0 ? Task.CompletedTask : LoadAsync(missing, isBlocking, cancellationToken); // a reboot seldom misses anything
    }

    private async Task LoadAsync(List<KeptState> missing, bool isBlocking, CancellationToken cancellationToken)
    {
        foreach (KeptState state in missing)
        {
            try
            {
                Task<Action> loading = state.LoadAsync!(cancellationToken);
                _loaded[state.Name] = isBlocking ? loading.GetAwaiter().GetResult() : await loading.ConfigureAwait(true);
            }
            catch (Exception e) when (!cancellationToken.IsCancellationRequested)
            {
                throw new InvalidOperationException($"The system state '{state.Name}' could not be loaded: {Failure.Text(e)}", e);
            }
        }
    }

    /// <exception cref="InvalidOperationException">A piece of system state, or most of the sessions, cannot be restored.</exception>
    internal void HandOut()
    {
        RestoreState();
        arrival.AwaitSockets();
        foreach (SpoolRecord record in arrival.Records)
        {
            if (record.Kind == SpoolRecordKind.Session)
                RestoreSession(record);
            else if (record.Kind == SpoolRecordKind.Farewell)
                RestoreFarewell(record);
        }

        SettleFailed();
    }

    /// <summary>Those who are lost stay in the report; their state has been looked at, or never will be.</summary>
    internal void ForgetLostStates()
    {
        foreach (LostSession lost in _lost)
            lost.State = null;
    }

    /// <summary>Clients that were let in and are no sessions yet.</summary>
    internal void PutBackAccepted()
    {
        foreach (SpoolRecord record in arrival.Records)
        {
            if (record.Kind != SpoolRecordKind.Accepted || arrival.TakeDescriptor(record.Name) is not int fd)
                continue;
            // Those who are served without ever being added do not stand still: this one may have been spoken to after it was written down.
            if (SocketProgress.Of(fd) is { Taken: > 0 } or { Given: > 0 })
            {
                CountNeverAdded(record);
                SayFarewell(Arrival.Adopt(fd), default, withText: false);
                continue;
            }

            Socket socket = hall.Supervisor.AdoptAccepted(Arrival.Adopt(fd));
            if (hall.Listeners.Contains(record.Type))
                hall.Acceptor.PutBack(record.Type, socket);
            else
                SayFarewell(socket, default, withText: true);
        }

        foreach ((string listener, int count) in _neverAdded)
            Log.NeverAdded(_context.Log, count, listener);

        if (arrival.Past is not null)
            PutBackPassed();
    }

    /// <summary>What nobody has asked for is closed.</summary>
    internal void DropUnclaimed()
    {
        foreach (int fd in arrival.Descriptors.Unclaimed)
        {
            Log.Unclaimed(_context.Log, fd, Fd.Describe(fd));
            if (SocketKernel.Kind(fd) is not null && !SocketKernel.IsListening(fd))
                SayFarewell(Arrival.Adopt(fd), default, withText: true);
            else
                Fd.Close(fd);
        }

        foreach (SpoolRecord record in arrival.Records)
            if (record.Kind == SpoolRecordKind.Listener && !hall.Listeners.Contains(record.Name) && ListeningSocket.FileOf(record.Name) is string file)
                SocketFile.Remove(file);
    }

    /// <summary>Everyone is restored. From here on a death is another story.</summary>
    internal void EndAttempt() => _attempt?.End();

    internal void SendFarewells()
    {
        foreach (SessionConnection farewell in _farewells)
        {
            farewell.Resume();
            _ = farewell.DisposeAsync().AsTask();
        }
    }

    /// <summary>A mark on disk while the state is handed out, so that the next process knows what this one died of.</summary>
    private void BeginAttempt()
    {
        if (!hall.Supervisor.HoldsDescriptors || arrival.Spool is null)
            return;
        try
        {
            _attempt = RestoreAttempt.Begin(arrival.Spool, (Assembly.GetEntryAssembly() ?? typeof(Rebooter).Assembly).ManifestModule.ModuleVersionId);
        }
        catch (IOException e)
        {
            Log.MarkFailed(_context.Log, Failure.Text(e), e);
            return;
        }

        if (_attempt.Deaths > 0)
            Log.DiedRestoring(_context.Log, _attempt.Deaths, _attempt.Culprit, _attempt.IsWarm ? "Trying again." : "Starting without the sessions.");
        _isWarm &= _attempt.IsWarm;
    }

    private void RestoreState()
    {
        foreach (string name in _states.Keys)
            if (hall.Kept.Find(name) is null)
                Log.StateUnclaimed(_context.Log, name);
        foreach (KeptState state in hall.Kept.States)
        {
            bool isLoaded = _loaded.TryGetValue(state.Name, out Action? handOver);
            if (!isLoaded && !_states.ContainsKey(state.Name))
                continue;
            try
            {
                if (isLoaded)
                    handOver!();
                else
                    Restore(state, _states[state.Name]);
            }
            catch (Exception e)
            {
                throw new InvalidOperationException($"The system state '{state.Name}' {(isLoaded ? "" : "of the image before ")}could not be restored: {Failure.Text(e)}", e);
            }
        }
    }

    private void Restore(KeptState state, SpoolRecord record)
    {
        RequireSerializer();
        state.Restore(record.State);
    }

    private void RestoreSession(SpoolRecord record)
    {
        long id = IdOf(record);
        hall.Population.RaiseLastId(id);
        if (_attempt is { Deaths: > 0 })
            _attempt.At(id);
        if (arrival.TakeSocket(record) is not Socket socket)
        {
            Lose(record, "Its descriptor could not be trusted.", keep: false);
            return;
        }

        if (!_isWarm)
        {
            PutAside(record, socket, "The server crashed too often and started without its sessions.");
            return;
        }

        if (_attempt is { Culprit: not 0 } attempt && attempt.Culprit == id)
        {
            PutAside(record, socket, "Restoring it has ended the server twice.");
            return;
        }

        try
        {
            RequireSerializer();
            if (restore is null)
                throw new InvalidOperationException("This version has not called Restore.");
            IRebootSession session = restore(new RestoredSession(id, record.Type, socket, record.Unread, record.Unsent, record.State, _context.Serializer,
                arrival.IsRehearsal ? FdIdentity.Decode(record.Identity.Span)?.RemoteEndPoint : null)
            { StateAge = arrival.StateAge });
            SessionEntry entry = new(id, session, record.Identity.ToArray());
            hall.Population.AddRestored(entry);
            attach(entry);
        }
#pragma warning disable CA1031 // one session whose state does not load: that one only
        catch (Exception e) when (!arrival.IsRehearsal || !RehearsalStage.IsConflict(e, arrival.IsAlone)) // what a rehearsal cannot tell, it does not say
#pragma warning restore CA1031
        {
            Log.RestoreFailed(_context.Log, id, Failure.Text(e), e);
            _failed.Add(new FailedRestore(record, socket, e));
        }
    }

    private void RestoreFarewell(SpoolRecord record)
    {
        hall.Population.RaiseLastId(IdOf(record));
        if (record.Name is [AcceptedClient.NeverAdded, ..])
            CountNeverAdded(record);
        string reason = Encoding.UTF8.GetString(record.State.Span);
        if (reason.Length > 0)
            Lose(record, reason, keep: false);
        if (arrival.TakeDescriptor(record.Name) is int fd)
            SayFarewell(Arrival.Adopt(fd), record.Unsent, withText: reason.Length > 0);
    }

    private void CountNeverAdded(SpoolRecord record) => _neverAdded[record.Type] = _neverAdded.GetValueOrDefault(record.Type) + 1;

    /// <summary>
    /// One session whose state does not load is that one's misfortune. When it is most of them it is this version's, and under a
    /// supervisor another one may do better: it has a few tries before this one goes on with those whom it could restore.
    /// </summary>
    private void SettleFailed()
    {
        int restored = hall.Population.Count;
        if (_failed.Count > restored || (_failed.Count > 0 && _context.Options.SessionFailure == SessionFailurePolicy.CallOff))
            guard?.Return($"it cannot restore {_failed.Count} of {_failed.Count + restored} sessions; session {IdOf(_failed[0].Record)}: {Failure.Text(_failed[0].Failure)}");
        if (_failed.Count > restored && _attempt is { Deaths: < TriesOfBadVersion })
        {
            _attempt.At(0);
            throw new InvalidOperationException($"This version cannot restore {_failed.Count} of {_failed.Count + restored} sessions; the first: {Failure.Text(_failed[0].Failure)} "
                + "It ends, so that the supervisor can start another. No connection is lost by that.", _failed[0].Failure);
        }

        foreach (FailedRestore failed in _failed)
            PutAside(failed.Record, failed.Socket, $"It could not be restored: {Failure.TypeAndText(failed.Failure)}{Failure.Place(failed.Failure)}");
    }

    /// <summary>Clients that were let in and are not on disk: as long as nothing was read from them or said to them, nobody has noticed.</summary>
    private void PutBackPassed()
    {
        foreach (Supervision.PassedDescriptor passed in arrival.Passed)
        {
            if (passed.Name is not ['c', ..] || !arrival.Descriptors.IsUnclaimed(passed.Fd) || SocketProgress.Of(passed.Fd) is not { Taken: 0, Given: 0 }
                || hall.Listeners.NameOf(SocketKernel.LocalAddress(passed.Fd)) is not string listener)
                continue;
            arrival.Descriptors.Take(passed.Fd);
            hall.Acceptor.PutBack(listener, hall.Supervisor.AdoptAccepted(Arrival.Adopt(passed.Fd)));
        }
    }

    private void RequireSerializer()
    {
        if (arrival.Header!.Serializer != _context.Serializer.Name)
            throw new InvalidDataException($"The state was written by the serializer '{arrival.Header.Serializer}', this version has '{_context.Serializer.Name}'. "
                + "To change the serializer, restart once without reboot.");
    }

    private void PutAside(SpoolRecord record, Socket socket, string reason)
    {
        Lose(record, reason, keep: true);
        SayFarewell(socket, record.Unsent, withText: true);
    }

    private void Lose(SpoolRecord record, string reason, bool keep)
    {
        long id = IdOf(record);
        string? file = null;
        if (keep && !arrival.IsRehearsal)
        {
            try
            {
                file = arrival.Spool?.Quarantine(arrival.Header!, record);
            }
            catch (IOException e)
            {
                Log.QuarantineFailed(_context.Log, id, Failure.Text(e), e);
            }
        }

        bool isSession = record.Kind == SpoolRecordKind.Session; // that of a farewell is not its state
        _lost.Add(new LostSession(id, reason, file, isSession ? record.Type : "")
        {
            State = isSession && !record.State.IsEmpty ? type => Read(record, type) : null,
        });
    }

    private object? Read(SpoolRecord record, Type type)
    {
        RequireSerializer();
        return _context.Serializer.Deserialize(record.State, type);
    }

    // Said only when nothing can go wrong any more: a crash before would say it again.
    private void SayFarewell(Socket socket, ReadOnlyMemory<byte> unsent, bool withText)
    {
        if (arrival.IsRehearsal)
            return;
        SessionConnection connection = new(socket, null, default, unsent.Span);
        if (withText)
            connection.TryWrite(Encoding.UTF8.GetBytes(_context.Options.Farewell));
        _farewells.Add(connection);
    }

    private sealed record FailedRestore(SpoolRecord Record, Socket Socket, Exception Failure);
}

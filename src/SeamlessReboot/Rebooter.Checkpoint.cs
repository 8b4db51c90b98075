using System.Diagnostics;
using SeamlessReboot.Posix;
using SeamlessReboot.Spool;

namespace SeamlessReboot;

// A reboot without the exec: suspend, capture, write, resume. What a crash then costs is what happened since.
public sealed partial class Rebooter
{
    private static readonly TimeSpan _defaultCheckpointInterval = TimeSpan.FromSeconds(30);
    private static readonly TimeSpan _firstCheckpoint = TimeSpan.FromSeconds(1);
    private Timer? _checkpointTimer;

    /// <summary>The last checkpoint that was taken or failed; null when there was none.</summary>
    public CheckpointReport? LastCheckpoint { get; private set; }

    /// <summary>Asks for a checkpoint and returns at once. May be called from anywhere, inside a session too.</summary>
    /// <param name="reason">For log and report.</param>
    /// <returns>
    /// False when it was refused: there is no supervisor that holds descriptors, a reboot or a checkpoint is under way, or the
    /// rebooter is not ready or is stopped. The log says which.
    /// </returns>
    public bool RequestCheckpoint(string reason)
    {
        ArgumentNullException.ThrowIfNull(reason);
        if (BeginCheckpoint(reason, out RebootRun? run) is string refusal)
        {
            Log.CheckpointRefused(_log, reason, refusal);
            return false;
        }

        RunOnThread(() => TakeCheckpoint(run!));
        return true;
    }

    /// <summary>
    /// Takes a checkpoint. For callers outside of any session: a session would wait for itself, and should use
    /// <see cref="RequestCheckpoint"/>.
    /// </summary>
    /// <param name="reason">For log and report.</param>
    /// <exception cref="InvalidOperationException">It was refused; see <see cref="RequestCheckpoint"/>.</exception>
    /// <exception cref="IOException">It could not be taken; the one before is still there.</exception>
    public async Task<CheckpointReport> CheckpointAsync(string reason)
    {
        ArgumentNullException.ThrowIfNull(reason);
        if (BeginCheckpoint(reason, out RebootRun? run) is string refusal)
            throw new InvalidOperationException(refusal);
        RunOnThread(() => TakeCheckpoint(run!));
        await run!.Over.Task.ConfigureAwait(false);
        return run.Report!.Failure is Exception failure
            ? throw new IOException($"The checkpoint could not be taken: {failure.Message}", failure)
            : run.Report;
    }

    private string? BeginCheckpoint(string reason, out RebootRun? run)
    {
        run = null;
        return IsCrashSafe
            ? Begin(reason, out run, isCheckpoint: true)
            : "Nobody holds the descriptors, so a checkpoint could never be used. Run the server under seamless-angel, or under systemd with "
                + "Type=notify and FileDescriptorStoreMax=.";
    }

    private void TakeCheckpoint(RebootRun run)
    {
        RebootRun.IsCurrent = true;
        Exception? failure = null;
        DateTimeOffset written = _options.TimeProvider.GetUtcNow();
        try
        {
            OpenSpoolAnewIfRemoved();
            _spool!.Check();
            _spool.CheckSpace(_bytesPerSession * (SessionCount + 1));
            run.Writer = _spool.Create(out _);
            run.OnUndo("close the checkpoint", run.Writer.Dispose);
            WarmSerializer();
            run.Stage = RebootStage.Suspend;
            Suspend(run);
            run.Next(RebootStage.Capture);
            written = _options.TimeProvider.GetUtcNow();
            Capture(run);
            run.Next(RebootStage.Write);
            run.Writer.Finish();
            _spool.Publish(SpoolFormat.CheckpointName);
            BeginAdded();
        }
#pragma warning disable CA1031 // whatever went wrong, the server goes on, with the checkpoint before
        catch (Exception e)
#pragma warning restore CA1031
        {
            failure = e;
        }

        RebootRun.IsCurrent = false; // what Resume starts inherits the context
        run.UndoAll(_log);
        EndCheckpoint(run, written, failure);
    }

    private void EndCheckpoint(RebootRun run, DateTimeOffset written, Exception? failure)
    {
        run.Report = new CheckpointReport
        {
            Reason = run.Reason,
            Written = written,
            Pause = run.FrozenAt == 0 ? TimeSpan.Zero : Stopwatch.GetElapsedTime(run.FrozenAt),
            Sessions = SessionCount,
            SessionsLate = run.Late.Count,
            SpoolBytes = run.Writer?.Length ?? 0,
            Failure = failure,
        };
        string? next;
        lock (_gate)
        {
            LastCheckpoint = run.Report;
            _run = null;
            next = _requestedSoon;
            _requestedSoon = null;
        }

        if (failure is not null)
            Log.CheckpointFailed(_log, run.Reason, failure);
        else
            Log.Checkpoint(_log, run.Reason, run.Report.Pause.TotalMilliseconds, run.Report.Sessions, run.Report.SessionsLate);
        _metrics?.Count(run.Report);
        _supervisor?.Notify(StatusLine(), "X_SEAMLESSREBOOT_CHECKPOINT=" + (failure is null ? "1" : "0"));
        run.Over.TrySetResult(null);
        if (next is not null)
            RequestReboot(next);
    }

    /// <summary>A session that does not stop in time is not waited for: what was last written of it is written again.</summary>
    private void CaptureLate(RebootRun run, SpoolWriter writer, SessionEntry entry)
    {
        run.Before ??= Past.Read(_spool!, ProcessStart.BootId());
        SpoolRecord? former = run.Before.Records.FirstOrDefault(r => r.Kind == SpoolRecordKind.Session && r.Name == entry.Name);
        if (former is not null)
            writer.Write(Descriptor(run, SpoolRecordKind.Session, entry.Name, entry.Session.Socket.SafeHandle, entry.Identity) with
            {
                Type = former.Type,
                Unread = former.Unread,
                Unsent = former.Unsent,
                Progress = former.Progress,
                State = former.State,
            });
    }

    // Needed only where there are bytes that may have gone on by the time they are wanted.
    private static byte[] ProgressOf(IRebootSession session, SessionSnapshot snapshot)
    {
        if (snapshot.UnreadInput.IsEmpty && snapshot.UnsentOutput.IsEmpty)
            return [];
        using FdLease lease = new(session.Socket.SafeHandle);
        return SocketProgress.Of(lease.Fd)?.Encode() ?? [];
    }

    /// <summary>
    /// A checkpoint's record as it is true now. Of what was unsent then, the kernel has been given the first so many bytes since; what
    /// was unread is still unread only if nothing has been read since, and nothing said either: an answer could be to it.
    /// </summary>
    private static SpoolRecord BroughtUpToDate(SpoolRecord record, int fd)
    {
        if (SocketProgress.Decode(record.Progress.Span) is not SocketProgress then || SocketProgress.Of(fd) is not SocketProgress now || now.Given < then.Given)
            return record with { Unread = default, Unsent = default };
        ulong given = now.Given - then.Given, unsent = (ulong)record.Unsent.Length;
        return record with
        {
            Unread = now.Taken == then.Taken && given <= unsent ? record.Unread : default,
            Unsent = record.Unsent[(int)Math.Min(given, unsent)..],
        };
    }

    private void StartCheckpoints()
    {
        TimeSpan interval = _options.CheckpointInterval ?? _defaultCheckpointInterval;
        if (!IsCrashSafe)
            return;
        // After an exec the checkpoint is as new as can be. Otherwise soon, but not while those who have waited are answered.
        bool isNew = _past is null && LastReboot is not null;
        TimeSpan first = isNew || interval == Timeout.InfiniteTimeSpan || interval < _firstCheckpoint ? interval : _firstCheckpoint;
        _checkpointTimer = new Timer(_ => RequestCheckpoint("interval"), null, first, interval);
    }
}

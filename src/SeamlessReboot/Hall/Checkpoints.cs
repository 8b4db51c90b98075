using System.Diagnostics;
using SeamlessReboot.Spool;

namespace SeamlessReboot;

/// <summary>
/// A reboot without the exec: suspend, capture, write, resume. What a crash then costs is what happened since. Only under a supervisor
/// that holds descriptors.
/// </summary>
internal sealed class Checkpoints(Hall hall, RebootSequence sequence, Action<string> requestReboot) : IDisposable
{
    private static readonly TimeSpan _defaultInterval = TimeSpan.FromSeconds(30);
    private static readonly TimeSpan _first = TimeSpan.FromSeconds(1);
    private Timer? _timer;

    /// <summary>At the end of Ready: what was written for the reboot, or what the dead process left, is the first checkpoint.</summary>
    internal void TakeOver(Arrival arrival)
    {
        SpoolDirectory? directory = hall.Spool.Directory;
        bool isHere = arrival.Spool == directory;
        if (!hall.Supervisor.HoldsDescriptors || !isHere)
            arrival.Spool?.Clear();
        if (!hall.Supervisor.HoldsDescriptors || directory is null)
            return;
        try
        {
            // What came through memory is in no directory: until the next checkpoint the one before counts, with what was added since.
            if (isHere && arrival.Memory is null && arrival.Past is not { IsExact: false })
                directory.MakeCheckpointOfReboot();
            if (isHere && (arrival.Past is not null || arrival.Memory is not null))
                hall.SessionLog.Continue(directory, hall.NextHeader());
            else
                hall.SessionLog.Begin(directory, hall.NextHeader());
        }
        catch (IOException e)
        {
            directory.ClearReboot(); // from here on it is not exact any more
            Log.CheckpointFailed(hall.Context.Log, "ready", Failure.Text(e), e);
        }
    }

    /// <param name="isNew">Whether the one that there is has just been written.</param>
    internal void Start(bool isNew)
    {
        TimeSpan interval = hall.Context.Options.CheckpointInterval ?? _defaultInterval;
        if (!hall.Supervisor.HoldsDescriptors)
            return;
        // If not, soon, but not while those who have waited are answered.
        TimeSpan first = isNew || interval == Timeout.InfiniteTimeSpan || interval < _first ? interval : _first;
        _timer = new Timer(_ => Request("interval"), null, first, interval);
    }

    internal bool Request(string reason)
    {
        if (Begin(reason, out RebootRun? run) is string refusal)
        {
            Log.CheckpointRefused(hall.Context.Log, reason, refusal);
            return false;
        }

        RebootRun.OnThread(() => Take(run!));
        return true;
    }

    internal async Task<CheckpointReport> TakeAsync(string reason)
    {
        if (Begin(reason, out RebootRun? run) is string refusal)
            throw new InvalidOperationException(refusal);
        RebootRun.OnThread(() => Take(run!));
        await run!.Over.Task.ConfigureAwait(false);
        return run.Report!.Failure is Exception failure
            ? throw new IOException($"The checkpoint could not be taken: {Failure.Text(failure)}", failure)
            : run.Report;
    }

    public void Dispose() => _timer?.Dispose();

    private string? Begin(string reason, out RebootRun? run)
    {
        run = null;
        return hall.Supervisor.HoldsDescriptors
            ? hall.Turns.Begin(reason, out run, isCheckpoint: true)
            : "Nobody holds the descriptors, so a checkpoint could never be used. Run the server under seamless-angel, or under systemd with "
                + "Type=notify and FileDescriptorStoreMax=.";
    }

    private void Take(RebootRun run)
    {
        RebootRun.IsCurrent = true;
        Exception? failure = null;
        DateTimeOffset written = hall.Context.Now;
        try
        {
            hall.RenewSpool(anywhere: true);
            SpoolDirectory directory = hall.Spool.RequireDirectory(hall.Population.Count);
            run.Writer = directory.Create(out _);
            run.OnUndo("close the checkpoint", run.Writer.Dispose);
            sequence.WarmSerializer();
            run.Stage = RebootStage.Suspend;
            new Suspension(hall, run).Hold();
            run.Next(RebootStage.Capture);
            written = hall.Context.Now;
            new StateCapture(hall, run).WriteInTime();
            run.Next(RebootStage.Write);
            run.Writer.Finish();
            directory.Publish(SpoolFormat.CheckpointName);
            hall.SessionLog.Begin(directory, hall.NextHeader());
        }
#pragma warning disable CA1031 // whatever went wrong, the server goes on, with the checkpoint before
        catch (Exception e)
#pragma warning restore CA1031
        {
            failure = e;
        }

        RebootRun.IsCurrent = false; // what Resume starts inherits the context
        run.UndoAll(hall.Context.Log);
        End(run, written, failure);
    }

    private void End(RebootRun run, DateTimeOffset written, Exception? failure)
    {
        CheckpointReport report = run.Report = new CheckpointReport
        {
            Reason = run.Reason,
            Written = written,
            Pause = run.FrozenAt == 0 ? TimeSpan.Zero : Stopwatch.GetElapsedTime(run.FrozenAt),
            Sessions = hall.Population.Count,
            SessionsLate = run.Late.Count,
            Late = [.. run.LateNames],
            SpoolBytes = run.Writer?.Length ?? 0,
            Failure = failure,
        };
        hall.Reports.Add(report);
        hall.Turns.End();
        if (failure is not null)
            Log.CheckpointFailed(hall.Context.Log, run.Reason, Failure.Text(failure), failure);
        else
            Log.Checkpoint(hall.Context.Log, run.Reason, report.Pause.TotalMilliseconds, report.Sessions, report.SessionsLate);
        hall.Supervisor.NotifyCheckpoint(failure is null, hall.Status);
        run.Over.TrySetResult(null);
        if (hall.Turns.TakeRequested() is string next)
            requestReboot(next);
    }
}

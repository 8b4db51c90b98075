using System.Diagnostics;
using SeamlessReboot.Descriptors;
using SeamlessReboot.Posix;
using SeamlessReboot.Spool;
using SeamlessReboot.Supervision;

namespace SeamlessReboot;

/// <summary>The other half of the reboot, in the new image: from what has arrived to running sessions.</summary>
internal sealed class Readying(Hall hall, Arrival arrival, long registeredAt, long startEndedAt)
{
    private Restoration? _restoration;

    /// <summary>State is handed out, and what nobody asked for is closed. Nobody runs yet.</summary>
    internal void Restore(Restoration restoration, Action? whenRestored)
    {
        _restoration = restoration;
        _restoration.HandOut();
        if (!arrival.IsCold)
        {
            whenRestored?.Invoke();
            _restoration.ForgetLostStates();
            _restoration.PutBackAccepted();
        }

        _restoration.DropUnclaimed();
        _restoration.EndAttempt();
    }

    /// <summary>Everyone runs, and whoever asks is told so. From here on nothing may throw any more.</summary>
    internal void Serve()
    {
        hall.Process.ReleaseSignals();
        hall.Acceptor.Open();
        int kept = hall.Population.Count; // now: some leave as soon as they run
        hall.Population.Serve();
        // Behind them: who is let in is to be given to the supervisor at once, and not when a thread is free again.
        ThreadPool.UnsafeQueueUserWorkItem(static a => a.EveryoneRuns(), hall.Acceptor, preferLocal: false);
        AsFarAsPossible("the farewells", _restoration!.SendFarewells);
        AsFarAsPossible("handing descriptors to the supervisor", HandToSupervisor);
        AsFarAsPossible("the report", () => Report(kept));
        hall.Reports.StartMetrics(() => hall.Population.Count);
        hall.NotifyReady();
    }

    /// <summary>What can wait until everyone is served again.</summary>
    internal void CleanUp()
    {
        hall.Process.FinishRelease();
        if (arrival.IsCold)
            return;
        AsFarAsPossible("removing the diagnostics socket of the image before", () => DiagnosticsSocket.RemoveOld(hall.Context.Process));
        AsFarAsPossible("adopting the children of the image before", () => arrival.Children?.Adopt());
        if (arrival.Spool is not null && arrival.Spool != hall.Spool.Directory)
            AsFarAsPossible("closing the spool of the image before", arrival.Spool.Dispose);
        arrival.Memory?.Dispose();
    }

    private void AsFarAsPossible(string what, Action action)
    {
        try
        {
            action();
        }
#pragma warning disable CA1031 // somebody runs already: an exception would end them all
        catch (Exception e)
#pragma warning restore CA1031
        {
            Log.AfterReadyFailed(hall.Context.Log, what, Failure.Text(e), e);
        }
    }

    /// <summary>Before the first newcomer: what the supervisor holds for us is what we have.</summary>
    private void HandToSupervisor()
    {
        if (!hall.Supervisor.HoldsDescriptors)
            return;
        bool isHeld = arrival.Passed.Any(p => p.Name == SupervisorLink.SpoolName) || (!arrival.IsCold && arrival.Past is null);
        if (hall.Spool.Directory is SpoolDirectory directory && (!isHeld || arrival.Spool != directory))
            hall.Supervisor.HoldSpool(directory);
        hall.Supervisor.HoldWhatWasMade();
        HashSet<int> owned = hall.Survivors();
        foreach (PassedDescriptor passed in arrival.Passed)
            if (!owned.Contains(passed.Fd))
                hall.Supervisor.Release(passed.Name);
        if (arrival.Past is null)
            foreach (SpoolRecord record in arrival.Records) // what came over an exec, and ended there
                if (record.Fd >= 0 && !owned.Contains(record.Fd))
                    hall.Supervisor.Release(SupervisorLink.NameOf(record));
    }

    private void Report(int kept)
    {
        if (arrival.Note is not Inheritance note)
            return;
        long now = Stopwatch.GetTimestamp();
        Dictionary<RebootStage, TimeSpan> stages = [];
        long from = note.FrozenAt;
        RebootStage stage = note.StageEnds.Length == 0 ? RebootStage.Start - 1 : RebootStage.Suspend;
        foreach (long end in (long[])[.. note.StageEnds, hall.Context.StartedAt, startEndedAt, registeredAt, now])
        {
            stages[stage++] = Stopwatch.GetElapsedTime(from, end);
            from = end;
        }

        RebootException? calledOff = arrival.Returned is not string why ? null : new RebootException(RebootStage.Start,
            $"The new release did not come to the end of Ready: {Failure.Sentence(why)} The release before it was started in its place, with every session.");
        if (calledOff is not null)
            Log.CalledOff(hall.Context.Log, note.Reason, calledOff.Message, calledOff);
        RebootReport report = new()
        {
            CalledOff = calledOff,
            Generation = hall.Generation,
            Reason = note.Reason,
            AfterCrash = note.AfterCrash,
            StateAge = arrival.StateAge,
            Pause = Stopwatch.GetElapsedTime(note.FrozenAt, now),
            Stages = stages,
            SessionsKept = kept,
            SessionsLost = [.. _restoration!.Lost],
            SpoolBytes = arrival.SpoolBytes,
        };
        hall.Reports.Add(report);
        hall.Spool.Learn(arrival.SpoolBytes, report.SessionsKept);
        Log.Ready(hall.Context.Log, hall.Generation, note.Reason, report.Pause.TotalMilliseconds, report.SessionsKept, report.SessionsLost.Count);
        foreach (LostSession lost in report.SessionsLost)
            Log.Lost(hall.Context.Log, lost.Id, lost.Reason, lost.StateFile ?? "nowhere");
    }
}

using System.Buffers;
using System.Diagnostics;
using SeamlessReboot.Descriptors;
using SeamlessReboot.Posix;

namespace SeamlessReboot;

/// <summary>
/// The reboot itself, from top to bottom. Every step pushes what takes it back; until exec has succeeded all of it can be.
/// </summary>
internal sealed class RebootSequence(Hall hall)
{
    private readonly RebooterOptions _options = hall.Context.Options;

    internal void Run(RebootRun run)
    {
        RebootRun.IsCurrent = true;
        try
        {
            hall.Supervisor.NotifyReloading();
            hall.Process.WatchSignals(run);
            Prepare(run);
            run.ThrowIfCancelled();
            run.Stage = RebootStage.Suspend;
            new Suspension(hall, run).Hold();
            run.Next(RebootStage.Capture);
            new StateCapture(hall, run).WriteInTime();
            run.Next(RebootStage.Write);
            Write(run);
            run.Next(RebootStage.Flush);
            hall.Hooks.Run(run);
            run.Next(RebootStage.Descriptors);
            run.OnUndo("put close-on-exec back", Strays.Mark(run.Survivors, run.Strays));
            hall.Process.PutBack(run);
            hall.Supervisor.Drain();
            run.Next(RebootStage.Exec);
            Exec(run);
        }
#pragma warning disable CA1031 // whatever went wrong, the old image has to go on serving
        catch (Exception e)
#pragma warning restore CA1031
        {
            CallOff(run, e);
        }
        finally
        {
            RebootRun.IsCurrent = false;
            run.Signals?.Dispose();
        }
    }

    /// <summary>All that can be known to fail, while everyone is still being served.</summary>
    /// <returns>What the rehearsal has shown; after a crash there is none.</returns>
    internal RehearsalReport? Prepare(RebootRun run)
    {
        Check(run);
        RehearsalReport? report = run.Crash is null ? Rehearse(run) : null;
        run.Strays = Strays.Find(hall.Survivors());
        foreach (int fd in run.Strays)
            Log.Stray(hall.Context.Log, fd, Fd.Describe(fd));
        return report;
    }

    private void Check(RebootRun run)
    {
        run.Plan = ExecPlan.Make(_options, hall.Process, hall.Context.Process);
        hall.RenewSpool(anywhere: false);
        run.Spool = hall.Spool.BeginReboot(hall.Population.Count);
        run.Writer = run.Spool.Writer;
        run.OnUndo("remove the spool", run.Spool.Dispose);
        WarmSerializer();
    }

    /// <summary>The new release is tried with a copy of the state, beside this one.</summary>
    private RehearsalReport Rehearse(RebootRun run)
    {
        run.Stage = RebootStage.Rehearse;
        RehearsalReport report = new Rehearsal(hall, run).Run();
        if (report is { Mode: RehearsalMode.UntilReady, Inconclusive: null })
            Log.Rehearsed(hall.Context.Log, report.SessionsLoaded, report.SessionsNotLoaded.Count, report.ExpectedPause.TotalMilliseconds);
        return report;
    }

    // A serializer makes its plans for a type at first use, which would be while everyone waits. Null is enough to make it.
    internal void WarmSerializer()
    {
        HashSet<Type> types = [.. hall.Kept.States.Select(s => s.Type),
            .. hall.Population.Entries().Select(e => e.Session).OfType<IEndingSession>().Select(s => s.StateType)];
        foreach (Type type in types.Where(t => !t.IsValueType))
        {
            try
            {
                hall.Context.Serializer.Serialize(new ArrayBufferWriter<byte>(), null, type);
            }
#pragma warning disable CA1031 // not every type has a null; then it is merely slower
            catch (Exception)
#pragma warning restore CA1031
            {
            }
        }
    }

    internal void CallOff(RebootRun run, Exception cause)
    {
        RebootRun.IsCurrent = false; // what Resume starts inherits the context, and lives on after this reboot
        RebootException failure = cause as RebootException
            ?? new RebootException(run.Stage, $"The reboot was called off while it was at '{run.Stage}': {Failure.Sentence(run.CancelReason ?? Failure.Text(cause))} The server is serving as before.", cause);
        run.UndoAll(hall.Context.Log);
        hall.Reports.Add(new RebootReport
        {
            Generation = hall.Generation,
            Reason = run.Reason,
            AfterCrash = run.Crash is not null,
            CalledOff = failure,
            Pause = run.FrozenAt == 0 ? run.Copying : Stopwatch.GetElapsedTime(run.FrozenAt),
            Stages = run.Durations(),
            SessionsKept = hall.Population.Count,
            Late = [.. run.LateNames],
        });
        hall.Turns.End();
        Log.CalledOff(hall.Context.Log, run.Reason, Failure.Text(failure), failure);
        if (run.Crash is null)
            hall.NotifyReady();
        run.Over.TrySetResult(failure);
    }

    private static void Write(RebootRun run)
    {
        // Before anyone runs again: a process that dies after that must not find it.
        run.OnUndo("withdraw the spool", run.Spool!.Withdraw);
        run.Spool.Publish();
        if (run.Spool.Memory is { } memory)
            run.Survivors.Add((int)memory.DangerousGetHandle());
    }

    private void Exec(RebootRun run)
    {
        string note = NoteFor(run).Encode();
        hall.Process.HoldSignals(run);
        run.ThrowIfCancelled();
        try
        {
            hall.Context.Process.Execute(run.Plan!.Path, run.Plan.Arguments, run.Plan.EnvironmentWith(Inheritance.Variable, note));
        }
        catch (SyscallException e)
        {
            throw new IOException($"{e.Message}. {ExecPlan.RemedyFor(e)}", e);
        }
    }

    private Inheritance NoteFor(RebootRun run) => new()
    {
        Generation = hall.Generation + 1,
        Pid = hall.Context.Process.Pid,
        StartTime = hall.Context.Process.StartTime,
        SpoolFd = hall.Spool.Fd,
        SpoolPath = hall.Spool.LastPath,
        MemoryFd = run.Spool!.Memory is { } memory ? (int)memory.DangerousGetHandle() : -1,
        Previous = hall.Process.Release?.Encode() ?? "",
        Directory = hall.Process.Start.Directory,
        User = hall.Process.Start.User,
        Umask = hall.Process.Start.Umask,
        IgnoredSignals = (long)hall.Process.Start.IgnoredSignals,
        Nonce = run.Spool.Nonce,
        Warm = run.Crash?.Warm ?? true,
        AfterCrash = run.Crash is not null,
        Reason = run.Reason,
        FrozenAt = run.FrozenAt,
        StageEnds = run.StageEnds,
        Crashes = run.Crash?.History ?? [.. hall.Crashes],
    };
}

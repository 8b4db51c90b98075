using System.Buffers;
using System.Diagnostics;
using System.Runtime.InteropServices;
using SeamlessReboot.Descriptors;
using SeamlessReboot.Posix;
using SeamlessReboot.Spool;

namespace SeamlessReboot;

// The reboot itself, from top to bottom. Every step pushes what takes it back; until exec has succeeded all of it can be.
public sealed partial class Rebooter
{
    private const int AssumedSessionBytes = 4096;
    private long _bytesPerSession = AssumedSessionBytes;

    private void Reboot(RebootRun run)
    {
        RebootRun.IsCurrent = true;
        try
        {
            NotifyReloading();
            Check(run);
            run.Stage = RebootStage.Suspend;
            Suspend(run);
            run.Next(RebootStage.Capture);
            Capture(run);
            run.Next(RebootStage.Write);
            Write(run);
            run.Next(RebootStage.Flush);
            Flush();
            run.Next(RebootStage.Descriptors);
            MarkDescriptors(run);
            PutProcessBack(run);
            _supervisor?.Drain(_drainTimeout);
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
        }
    }

    /// <summary>All that can be known to fail, while everyone is still being served.</summary>
    private void Check(RebootRun run)
    {
        run.Plan = ExecPlan.Make(_options, _start!, _process);
        OpenSpoolAnewIfRemoved();
        _spool!.Check();
        int sessions = SessionCount;
        _spool.CheckSpace(_bytesPerSession * (sessions + 1));
        run.Writer = _spool.Create(out byte[] nonce);
        run.Nonce = nonce;
        run.OnUndo("remove the spool", () =>
        {
            run.Writer.Dispose();
            _spool.ClearReboot();
        });
        if (_options.CheckNewVersion && run.Crash is null)
            NewVersionCheck.Run(run.Plan, _serializer, _options.CheckTimeout);
        WarmSerializer();
        run.Strays = Strays.Find(CollectSurvivors());
        foreach (int fd in run.Strays)
            Log.Stray(_log, fd, Fd.Describe(fd));
    }

    // A serializer makes its plans for a type at first use, which would be while everyone waits. Null is enough to make it.
    private void WarmSerializer()
    {
        HashSet<Type> types = [.. _keptState.Values.Select(s => s.Type), .. GetSessions().OfType<IEndingSession>().Select(s => s.StateType)];
        foreach (Type type in types.Where(t => !t.IsValueType))
        {
            try
            {
                _serializer.Serialize(new ArrayBufferWriter<byte>(), null, type);
            }
#pragma warning disable CA1031 // not every type has a null; then it is merely slower
            catch (Exception)
#pragma warning restore CA1031
            {
            }
        }
    }

    /// <summary>Everyone stops at a safe point: first who accepts, then sessions, then the application's own loops.</summary>
    private void Suspend(RebootRun run)
    {
        TimeSpan limit = run.IsCheckpoint ? _options.CheckpointTimeout : run.Crash is null ? _options.SuspendTimeout : _crashSuspendTimeout;
        lock (_gate)
        {
            _resumed = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
            _phase = Phase.Suspending;
        }

        run.Freeze();
        run.OnUndo("resume everyone", ResumeAll);
        using CancellationTokenSource overdue = new(limit, _options.TimeProvider);
        _suspendAccepts.Cancel();
        List<Wait> waits = [new("AcceptAsync", WhenAcceptsQuietAsync())];
        foreach (SessionEntry entry in Entries())
        {
            ValueTask suspended = Suspend(entry, overdue.Token);
            if (!suspended.IsCompletedSuccessfully && entry.Id != run.Crash?.Culprit)
                waits.Add(new Wait($"session {entry.Id}", suspended.AsTask()) { Session = entry.Id });
        }

        Await(run, waits, limit, overdue.Token);
        // Only now the application's own work: a session may have had to enter the gate to finish its own.
        Await(run, [new Wait("EnterAsync", _commands.CloseAsync())], limit, overdue.Token);
        SafePoint[] points;
        lock (_gate)
            points = [.. _safePoints];
        Await(run, [.. points.Select(p => new Wait($"safe point '{p.Name}'", p.HoldAsync()))], limit, overdue.Token);
        lock (_gate)
            _phase = Phase.Frozen; // from here on Add, Remove and what ends a session wait
    }

    private static ValueTask Suspend(SessionEntry entry, CancellationToken overdue)
    {
        try
        {
            return entry.SuspendAsync(overdue);
        }
#pragma warning disable CA1031 // the application's code; reported with the session's number
        catch (Exception e)
#pragma warning restore CA1031
        {
            return ValueTask.FromException(e);
        }
    }

    private static void Await(RebootRun run, List<Wait> waits, TimeSpan limit, CancellationToken overdue)
    {
        // After a crash who does not stop is taken as it stands: half done is better than gone.
        try
        {
            Task.WhenAll(waits.Select(w => w.Task)).WaitAsync(overdue).GetAwaiter().GetResult();
        }
#pragma warning disable CA1031 // sorted out below, with names
        catch (Exception e) when (run.Crash is null)
#pragma warning restore CA1031
        {
            if (run.IsCheckpoint && IsOnlySessions(run, waits))
                return;
            string[] late = [.. waits.Where(w => !w.Task.IsCompletedSuccessfully).Select(w => w.Who)];
            throw overdue.IsCancellationRequested
                ? new TimeoutException($"Not at a safe point after {limit.TotalSeconds:0.###} s: {Some(late)}. "
                    + "Let it finish what it does or read its input, or raise RebooterOptions.SuspendTimeout.")
                : new InvalidOperationException($"{Some(late)} could not be suspended: {e.Message}", e);
        }
#pragma warning disable CA1031
        catch (Exception)
#pragma warning restore CA1031
        {
            // See above.
        }
    }

    // A checkpoint does without a session that is at work; all else has to hold still.
    private static bool IsOnlySessions(RebootRun run, List<Wait> waits)
    {
        bool isOnly = true;
        foreach (Wait wait in waits.Where(w => !w.Task.IsCompletedSuccessfully))
        {
            isOnly &= wait.Session != 0;
            run.Late.Add(wait.Session);
        }

        return isOnly;
    }

    private static string Some(string[] names) =>
        names.Length <= 5 ? string.Join(", ", names) : string.Join(", ", names.Take(5)) + $" and {names.Length - 5} more";

    private void ResumeAll()
    {
        TaskCompletionSource resumed;
        SafePoint[] points;
        lock (_gate)
        {
            if (_phase != Phase.Stopped)
                _phase = Phase.Serving;
            _suspendAccepts.Dispose();
            _suspendAccepts = new CancellationTokenSource();
            resumed = _resumed;
            points = [.. _safePoints];
        }

        foreach (SessionEntry entry in Entries())
            entry.Resume();
        _commands.Open();
        foreach (SafePoint point in points)
            point.Release();
        resumed.TrySetResult();
    }

    private void Write(RebootRun run)
    {
        run.Writer!.Finish();
        _spool!.Publish(SpoolFormat.RebootName);
        // Before anyone runs again: a process that dies after that must not find it.
        run.OnUndo("withdraw the spool", _spool.ClearReboot);
    }

    private void Flush()
    {
        if (_options.OnSuspending is not { } flush)
            return;
        using CancellationTokenSource overdue = new(_options.FlushTimeout, _options.TimeProvider);
        // On the pool, so that a hook that blocks its thread is overdue too.
        Task hook = Task.Run(() => flush(overdue.Token).AsTask());
        try
        {
            hook.WaitAsync(_options.FlushTimeout, _options.TimeProvider).GetAwaiter().GetResult();
        }
        catch (Exception e) when (!hook.IsCompleted || (hook.IsCanceled && overdue.IsCancellationRequested))
        {
            throw new TimeoutException($"OnSuspending has not returned after {_options.FlushTimeout.TotalSeconds:0.###} s. "
                + "Make it faster, or raise RebooterOptions.FlushTimeout.", e);
        }
    }

    private static void MarkDescriptors(RebootRun run) =>
        run.OnUndo("put close-on-exec back", Strays.Mark(run.Survivors, run.Strays));

    /// <summary>What exec leaves as it is, and the application may have changed, is put back to what it was at the start.</summary>
    private void PutProcessBack(RebootRun run)
    {
        string directory = Environment.CurrentDirectory;
        run.OnUndo("go back to the working directory", () => Environment.CurrentDirectory = directory);
        Environment.CurrentDirectory = _start!.Directory;
        run.OnUndo("set the umask", Umask.Set(_start.Umask));
        if (_terminal is not null && Terminal.Read() is Terminal now && !now.IsSameAs(_terminal))
        {
            run.OnUndo("set the terminal", now.Restore);
            _terminal.Restore();
        }

        run.OnUndo("put the diagnostics socket back", DiagnosticsSocket.MoveAside(_process));
        run.OnUndo("arm the timers", Signals.DisarmTimers());
        run.OnUndo("handle signals", Signals.IgnoreAll(_start.IgnoredSignals & ~RebootSignalMask()));
        // Nothing blocked, but for the signals that mean reboot: in the moment without a handler they would kill. They wait.
        ulong before = Signals.SetThreadMask(RebootSignalMask());
        run.OnUndo("set the signal mask", () => Signals.SetThreadMask(before));
    }

    private ulong RebootSignalMask()
    {
        ulong mask = 0;
        foreach (PosixSignal signal in _options.RebootSignals)
            mask |= Signals.Bit(signal);
        foreach (PosixSignal signal in _options.CheckpointSignals)
            mask |= Signals.Bit(signal);
        return mask;
    }

    private void Exec(RebootRun run)
    {
        try
        {
            _process.Execute(run.Plan!.Path, run.Plan.Arguments, run.Plan.EnvironmentWith(Inheritance.Variable, NoteFor(run).Encode()));
        }
        catch (SyscallException e)
        {
            throw new IOException($"{e.Message}. {ExecPlan.RemedyFor(e)}", e);
        }
    }

    private Inheritance NoteFor(RebootRun run) => new()
    {
        Generation = Generation + 1,
        Pid = _process.Pid,
        StartTime = _process.StartTime,
        SpoolFd = (int)_spool!.Handle.DangerousGetHandle(),
        SpoolPath = _spool.Path,
        Directory = _start!.Directory,
        User = _start.User,
        Umask = _start.Umask,
        IgnoredSignals = (long)_start.IgnoredSignals,
        Nonce = run.Nonce,
        Warm = run.Crash?.Warm ?? true,
        AfterCrash = run.Crash is not null,
        Reason = run.Reason,
        FrozenAt = run.FrozenAt,
        StageEnds = run.StageEnds,
        Crashes = run.Crash?.History ?? _crashes,
    };

    private void CallOff(RebootRun run, Exception cause)
    {
        RebootRun.IsCurrent = false; // what Resume starts inherits the context, and lives on after this reboot
        RebootException failure = cause as RebootException
            ?? new RebootException(run.Stage, $"The reboot was called off while it was at '{run.Stage}': {Sentence(cause.Message)} The server is serving as before.", cause);
        run.UndoAll(_log);
        RebootReport report = new()
        {
            Generation = Generation,
            Reason = run.Reason,
            AfterCrash = run.Crash is not null,
            CalledOff = failure,
            Pause = run.FrozenAt == 0 ? TimeSpan.Zero : Stopwatch.GetElapsedTime(run.FrozenAt),
            Stages = run.Durations(),
            SessionsKept = SessionCount,
        };
        lock (_gate)
        {
            LastReboot = report;
            _run = null;
        }

        Log.CalledOff(_log, run.Reason, failure);
        _metrics?.Count(report);
        if (_supervisor is not null && run.Crash is null)
            NotifyReady();
        run.Over.TrySetResult(failure);
    }

    private static string Sentence(string text) => text is [.., '.' or '!' or '?'] ? text : text + ".";

    private sealed record Wait(string Who, Task Task)
    {
        internal long Session { get; init; }
    }

    private HashSet<int> CollectSurvivors()
    {
        HashSet<int> survivors = [(int)_spool!.Handle.DangerousGetHandle()];
        lock (_gate)
        {
            foreach (SafeHandle handle in _listeners.Values.Select(l => l.SafeHandle)
                .Concat(_acceptedFrom.Keys.Select(s => s.SafeHandle)).Concat(_sessions.Keys.Select(s => s.Socket.SafeHandle))
                .Concat<SafeHandle>(_keptOpen.Values))
                if (!handle.IsClosed)
                    survivors.Add((int)handle.DangerousGetHandle());
        }

        return survivors;
    }
}

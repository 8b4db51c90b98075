using System.Diagnostics;
using System.Runtime.InteropServices;
using SeamlessReboot.Descriptors;

namespace SeamlessReboot;

// An unhandled exception is answered with a reboot: on the thread that crashed, which may hold locks that the capture needs.
public sealed partial class Rebooter
{
    private static readonly TimeSpan _crashSuspendTimeout = TimeSpan.FromSeconds(1);
    private static readonly TimeSpan _crashTimeout = TimeSpan.FromSeconds(15);
    private CrashMark[] _crashes = [];
    private int _crashing;

    private void OnUnhandledException(object sender, UnhandledExceptionEventArgs e) =>
        RebootAfterCrash(e.ExceptionObject as Exception ?? new InvalidOperationException(e.ExceptionObject.ToString()), SessionContext.Current);

    // In an async Main a using block is left before the exception becomes an unhandled one.
    private bool MayBeCrashing() => this == _instance && IsSupported && (_options.RebootOnCrash || IsCrashSafe) && Marshal.GetExceptionPointers() != 0;

    private bool RebootAfterCrash(Exception failure, IRebootSession? session)
    {
        if (!IsSupported || _phase == Phase.Stopped)
            return false;
        if (Interlocked.Exchange(ref _crashing, 1) != 0)
            Thread.Sleep(Timeout.Infinite); // another thread has crashed too; the reboot that is under way ends this one
        long culprit = 0;
        lock (_gate)
            if (session is not null && _sessions.TryGetValue(session, out SessionEntry? entry))
                culprit = entry.Id;
        long now = _options.TimeProvider.GetUtcNow().ToUnixTimeSeconds();
        CrashStep? step = CrashStep.Decide(_crashes, now, culprit, _options.CrashWindow);
        Log.Crashed(_log, culprit, failure);
        if (step is null || (_phase == Phase.Starting && (_inheritance is null || IsCrashSafe))) // a supervisor has another release, perhaps
        {
            Log.GivingUp(_log, _crashes.Length + 1);
            _crashing = 0;
            return false;
        }

        RebootRun run = new($"crash: {failure.GetType().Name}: {failure.Message}") { Crash = step };
        bool isServing = _phase != Phase.Starting;
        if (isServing)
            TakeTurn(run);
        // Should the capture hang on a lock that nobody will ever release, dying is what the supervisor waits for.
        using Timer overdue = new(static _ => Process.GetCurrentProcess().Kill(), null, _crashTimeout, Timeout.InfiniteTimeSpan);
        if (isServing)
            Reboot(run);
        else
            PassOn(run, step);
        _crashing = 0;
        return false;
    }

    // A reboot that is under way may wait longer for a session than a crash may take: that one's limits count first.
    private void TakeTurn(RebootRun run)
    {
        while (true)
        {
            RebootRun other;
            lock (_gate)
            {
                if (_run is null)
                {
                    _run = run;
                    return;
                }

                other = _run;
            }

            other.Over.Task.Wait(); // or it succeeds, and this thread is gone
        }
    }

    /// <summary>A crash between Start and Ready: everything inherited is still there, and goes to the next image as it came.</summary>
    private void PassOn(RebootRun run, CrashStep step)
    {
        Inheritance note = _inheritance!;
        try
        {
            run.Plan = ExecPlan.Make(_options, _start!, _process);
            foreach (Spool.SpoolRecord record in _records)
                if (record.Fd >= 0)
                    run.Survivors.Add(record.Fd);
            foreach (int fd in _inherited!.Unclaimed)
                run.Survivors.Add(fd);
            run.Survivors.Add(note.SpoolFd);
            run.OnUndo("put close-on-exec back", Strays.Mark(run.Survivors, []));
            PutProcessBack(run);
            Inheritance next = note with { Warm = note.Warm && step.Warm, AfterCrash = true, Reason = run.Reason, Crashes = step.History };
            _process.Execute(run.Plan.Path, run.Plan.Arguments, run.Plan.EnvironmentWith(Inheritance.Variable, next.Encode()));
        }
#pragma warning disable CA1031 // it crashes then, as it would have
        catch (Exception e)
#pragma warning restore CA1031
        {
            CallOff(run, e);
        }
    }
}

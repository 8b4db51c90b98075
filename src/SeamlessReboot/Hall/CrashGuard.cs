using System.Diagnostics;
using System.Runtime.InteropServices;
using SeamlessReboot.Descriptors;

namespace SeamlessReboot;

/// <summary>
/// Answers an unhandled exception with a reboot, on the thread that crashed, which may hold locks that the capture needs; and keeps
/// that from going on for ever.
/// </summary>
internal sealed class CrashGuard(Hall hall, RebootSequence sequence, Func<StartGuard?> start) : IDisposable
{
    private static readonly TimeSpan _timeout = TimeSpan.FromSeconds(15);
    private int _crashing;

    internal void Start()
    {
        if (hall.Context.Options.RebootOnCrash)
            AppDomain.CurrentDomain.UnhandledException += OnUnhandledException;
    }

    /// <summary>Whether an exception is on its way out of Main: in an async Main a using block is left before it becomes unhandled.</summary>
    internal bool MayBeCrashing() => (hall.Context.Options.RebootOnCrash || hall.Supervisor.HoldsDescriptors) && Marshal.GetExceptionPointers() != 0;

    /// <summary>How long a reboot may hold the application's loops before that is a hang.</summary>
    internal static TimeSpan LongestPause(RebooterOptions options) => options.FreezeLimit + options.CaptureTimeout + options.FlushTimeout + _timeout;

    internal bool Reboot(Exception failure, IRebootSession? session)
    {
        Phase phase = hall.Population.Phase;
        if (phase == Phase.Stopped)
            return false;
        if (Interlocked.Exchange(ref _crashing, 1) != 0)
            Thread.Sleep(Timeout.Infinite); // another thread has crashed too; the reboot that is under way ends this one
        long culprit = hall.Population.Find(session)?.Id ?? 0;
        CrashStep? step = CrashStep.Decide(hall.Crashes, hall.Context.Now.ToUnixTimeSeconds(), culprit, hall.Context.Options.CrashWindow);
        Log.Crashed(hall.Context.Log, culprit, Failure.TypeAndText(failure), failure);
        Inheritance? restoring = phase == Phase.Starting ? start()?.Note : null;
        if (step is null || (phase == Phase.Starting && restoring is null))
        {
            Log.GivingUp(hall.Context.Log, hall.Crashes.Count + 1);
            _crashing = 0;
            return false;
        }

        RebootRun run = new("crash: " + Failure.TypeAndText(failure)) { Crash = step };
        if (restoring is null)
            hall.Turns.BeginAfterOther(run);
        // Should the capture hang on a lock that nobody will ever release, dying is what the supervisor waits for.
        using Timer overdue = new(static _ => Process.GetCurrentProcess().Kill(), null, _timeout, Timeout.InfiniteTimeSpan);
        if (restoring is null)
            sequence.Run(run);
        else
            PassOn(run, step, restoring);
        _crashing = 0;
        return false;
    }

    public void Dispose() => AppDomain.CurrentDomain.UnhandledException -= OnUnhandledException;

    private void OnUnhandledException(object sender, UnhandledExceptionEventArgs e) =>
        Reboot(e.ExceptionObject as Exception ?? new InvalidOperationException(e.ExceptionObject.ToString()), SessionContext.Current);

    /// <summary>A crash between Start and Ready: everything inherited is still there, and goes to the next image as it came.</summary>
    private void PassOn(RebootRun run, CrashStep step, Inheritance note)
    {
        try
        {
            ExecPlan plan = ExecPlan.Make(hall.Context.Options, hall.Process, hall.Context.Process);
            Inheritance next = note with { Warm = note.Warm && step.Warm, AfterCrash = true, Reason = run.Reason, Crashes = step.History };
            start()!.PassOn(run, plan, next.Encode());
        }
#pragma warning disable CA1031 // it crashes then, as it would have
        catch (Exception e)
#pragma warning restore CA1031
        {
            sequence.CallOff(run, e);
        }
    }
}

using System.Runtime.InteropServices;
using SeamlessReboot.Posix;

namespace SeamlessReboot;

/// <summary>
/// What exec leaves as it is and the application may have changed: working directory, umask, terminal, signals. Knows how generation
/// 0 was started, and puts it back for the next image.
/// </summary>
internal sealed class ProcessState(ServerContext context, ProcessStart start, HeldSignals? held, IReadOnlyList<byte[]>? command) : IDisposable
{
    private static readonly TimeSpan _handlersTimeout = TimeSpan.FromSeconds(2);
    private static readonly TimeSpan _crashHandlersTimeout = TimeSpan.FromSeconds(0.2);
    private readonly Terminal? _terminal = Rebooter.IsSupported ? Terminal.Read() : null;
    private readonly List<PosixSignalRegistration> _registrations = [];

    /// <summary>How generation 0 was started.</summary>
    internal ProcessStart Start { get; } = start;

    /// <summary>The command line by which the next release is found: this process's own, unless it was started by the real path of its release.</summary>
    internal IReadOnlyList<byte[]> Command => command ?? context.Process.CommandLine();

    /// <summary>This image by its real paths; null when it cannot be started again, and until <see cref="Remember"/>.</summary>
    internal ReleaseImage? Release { get; private set; }

    /// <summary>To be called before a deploy may flip a link: soon after the start, though not in the pause.</summary>
    internal void Remember() => Release = ReleaseImage.OfThisProcess(Start, context.Process);

    internal void RegisterSignals(Action<string> reboot, Action<string> checkpoint)
    {
        foreach (PosixSignal signal in context.Options.RebootSignals)
            Register(signal, () => reboot("signal " + signal));
        foreach (PosixSignal signal in context.Options.CheckpointSignals)
            Register(signal, () => checkpoint("signal " + signal));
        if (held is null)
            Signals.SetThreadMask(0); // after an exec, that is for Ready
    }

    /// <summary>Lets in what has been held back since before the exec. Before anyone runs: a child has the mask of the thread that starts it.</summary>
    internal void ReleaseSignals() => held?.Release();

    /// <summary>The same for threads that have come into being meanwhile, when everyone is served.</summary>
    internal void FinishRelease() => held?.Finish(sentence => Log.Signals(context.Log, sentence));

    /// <summary>From here on a signal that means the end calls the reboot off.</summary>
    internal void WatchSignals(RebootRun run) => run.Signals = context.Process.WatchSignals(OurSignals(), signal =>
    {
        run.Cancel($"{signal} has come.");
        return run.Stage >= RebootStage.Suspend ? run.Over.Task : null; // the application's handler is not to find everyone suspended
    });

    /// <summary>The last step before the exec: what has a handler waits for the next image.</summary>
    internal void HoldSignals(RebootRun run)
    {
        run.Signals ??= context.Process.WatchSignals(0, _ => null);
        if (run.Signals is not SignalWatch watch)
            return;
        run.OnUndo("release the signals", watch.Hold(held?.Set ?? 0, run.Crash is null ? _handlersTimeout : _crashHandlersTimeout, run.Crash is not null));
        if (watch.Shortcoming is string sentence)
            Log.Signals(context.Log, sentence);
    }

    /// <summary>Puts everything back to what it was at the start.</summary>
    internal void PutBack(RebootRun run)
    {
        if (WorkingDirectory.TryEnter(Start.Directory, out Action back))
            run.OnUndo("go back to the working directory", back);
        else
            Log.DirectoryGone(context.Log, Start.Directory);
        run.OnUndo("set the umask", Umask.Set(Start.Umask));
        if (_terminal is not null && Terminal.Read() is Terminal now && !now.IsSameAs(_terminal))
        {
            run.OnUndo("set the terminal", now.Restore);
            _terminal.Restore();
        }

        run.OnUndo("put the diagnostics socket back", DiagnosticsSocket.MoveAside(context.Process));
        run.OnUndo("arm the timers", Signals.DisarmTimers());
        run.OnUndo("handle signals", Signals.IgnoreAll(Start.IgnoredSignals & ~OurSignals()));
    }

    public void Dispose()
    {
        foreach (PosixSignalRegistration registration in _registrations)
            registration.Dispose();
    }

    private ulong OurSignals()
    {
        ulong mask = 0;
        foreach (PosixSignal signal in context.Options.RebootSignals)
            mask |= Signals.Bit(signal);
        foreach (PosixSignal signal in context.Options.CheckpointSignals)
            mask |= Signals.Bit(signal);
        return mask;
    }

    private void Register(PosixSignal signal, Action action)
    {
        if ((Start.IgnoredSignals & Signals.Bit(signal)) != 0)
            Signals.StopIgnoring(signal); // started by nohup
        _registrations.Add(PosixSignalRegistration.Create(signal, context =>
        {
            context.Cancel = true;
            action();
        }));
    }
}

using System.Runtime.InteropServices;
using SeamlessReboot.Posix;

namespace SeamlessReboot;

/// <summary>
/// What exec leaves as it is and the application may have changed: working directory, umask, terminal, signals. Knows how generation
/// 0 was started, and puts it back for the next image.
/// </summary>
internal sealed class ProcessState(ServerContext context, ProcessStart start) : IDisposable
{
    private readonly Terminal? _terminal = Rebooter.IsSupported ? Terminal.Read() : null;
    private readonly List<PosixSignalRegistration> _registrations = [];

    /// <summary>How generation 0 was started.</summary>
    internal ProcessStart Start { get; } = start;

    /// <summary>This image by its real paths; null when it cannot be started again, and until <see cref="Remember"/>.</summary>
    internal ReleaseImage? Release { get; private set; }

    /// <summary>To be called before a deploy may flip a link: soon after the start, though not in the pause.</summary>
    internal void Remember() => Release = ReleaseImage.OfThisProcess(Start, context.Process);

    // Registered first, unblocked then: one that came during the exec was kept pending by the mask, and is delivered now.
    internal void RegisterSignals(Action<string> reboot, Action<string> checkpoint)
    {
        foreach (PosixSignal signal in context.Options.RebootSignals)
            Register(signal, () => reboot("signal " + signal));
        foreach (PosixSignal signal in context.Options.CheckpointSignals)
            Register(signal, () => checkpoint("signal " + signal));
        Signals.SetThreadMask(0);
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
        // Nothing blocked, but for the signals that mean reboot: in the moment without a handler they would kill. They wait.
        ulong before = Signals.SetThreadMask(OurSignals());
        run.OnUndo("set the signal mask", () => Signals.SetThreadMask(before));
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

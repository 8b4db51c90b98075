namespace SeamlessReboot;

/// <summary>One reboot or checkpoint at a time: whose turn it is, and which reboot has been asked for meanwhile. Thread-safe.</summary>
internal sealed class Turns(Population population, Posix.SpareDescriptors spare)
{
    private readonly Lock _lock = new();
    private RebootRun? _run;
    private string? _requested;

    /// <summary>What is under way.</summary>
    internal RebootRun? Current
    {
        get
        {
            lock (_lock)
                return _run;
        }
    }

    /// <summary>Remembers a request that comes before Ready or during a checkpoint; it is taken up after that.</summary>
    /// <returns>False when it need not wait.</returns>
    internal bool Remember(string reason)
    {
        lock (_lock)
        {
            if (population.Phase != Phase.Starting && _run is not { IsCheckpoint: true })
                return false;
            _requested = reason;
            return true;
        }
    }

    internal string? TakeRequested()
    {
        lock (_lock)
        {
            string? requested = _requested;
            _requested = null;
            return requested;
        }
    }

    /// <returns>Why not, or null.</returns>
    internal string? Begin(string reason, out RebootRun? run, bool isCheckpoint = false)
    {
        run = null;
        if (!Rebooter.IsSupported)
            return "Rebooting in place needs Linux on x64 or arm64; elsewhere, restart the server.";
        lock (_lock)
        {
            switch (population.Phase)
            {
                case Phase.Starting:
                    return "Ready has not been called yet.";
                case Phase.Stopped:
                    return "The rebooter has been disposed.";
            }

            if (_run is not null)
                return $"A {(_run.IsCheckpoint ? "checkpoint" : "reboot")} is under way already ({_run.Reason}).";
            run = _run = new RebootRun(reason, isCheckpoint);
            MakeRoom(run);
            return null;
        }
    }

    // A reboot that is under way may wait longer for a session than a crash may take: that one's limits count first.
    internal void BeginAfterOther(RebootRun run)
    {
        while (true)
        {
            RebootRun other;
            lock (_lock)
            {
                if (_run is null)
                {
                    _run = run;
                    MakeRoom(run);
                    return;
                }

                other = _run;
            }

            other.Over.Task.Wait(); // or it succeeds, and this thread is gone
        }
    }

    /// <summary>The process was not replaced.</summary>
    internal void End()
    {
        lock (_lock)
            _run = null;
    }

    /// <summary>For its files and pipes, should the process be at its limit of descriptors.</summary>
    private void MakeRoom(RebootRun run)
    {
        spare.GiveUp();
        run.OnUndo("take the spare descriptors", spare.Take);
    }

    /// <summary>A checkpoint takes milliseconds; nobody is refused a reboot for it.</summary>
    /// <exception cref="RebootException">It is no checkpoint that is under way.</exception>
    internal Task<RebootException?> WhenCheckpointIsOver(string refusal)
    {
        lock (_lock)
            return _run is { IsCheckpoint: true } checkpoint ? checkpoint.Over.Task : throw new RebootException(RebootStage.Request, refusal);
    }
}

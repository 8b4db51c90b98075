namespace SeamlessReboot;

/// <summary>One step of the reboot: everyone stops at a safe point. First who accepts, then sessions, then the application's own loops.</summary>
internal static class Suspension
{
    private static readonly TimeSpan _crashTimeout = TimeSpan.FromSeconds(1);

    internal static void Begin(Hall hall, RebootRun run)
    {
        RebooterOptions options = hall.Context.Options;
        Population population = hall.Population;
        TimeSpan limit = run.IsCheckpoint ? options.CheckpointTimeout : run.Crash is null ? options.SuspendTimeout : _crashTimeout;
        population.BeginSuspending();
        run.Freeze();
        run.OnUndo("resume everyone", () =>
        {
            hall.Acceptor.Resume();
            population.Resume();
        });
        using CancellationTokenSource overdue = new(limit, options.TimeProvider);
        List<Wait> waits = [new("AcceptAsync", hall.Acceptor.SuspendAsync())];
        foreach (SessionEntry entry in population.Entries())
        {
            ValueTask suspended = Suspend(entry, overdue.Token);
            if (!suspended.IsCompletedSuccessfully && entry.Id != run.Crash?.Culprit)
                waits.Add(new Wait($"session {entry.Id}", suspended.AsTask()) { Session = entry.Id });
        }

        Await(run, waits, limit, overdue.Token);
        // Only now the application's own work: a session may have had to enter the gate to finish its own.
        Await(run, [new Wait("EnterAsync", population.Gate.CloseAsync())], limit, overdue.Token);
        Await(run, [.. population.SafePoints().Select(p => new Wait($"safe point '{p.Name}'", p.HoldAsync()))], limit, overdue.Token);
        population.Freeze();
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

    private sealed record Wait(string Who, Task Task)
    {
        internal long Session { get; init; }
    }
}

using System.Diagnostics;

namespace SeamlessReboot;

/// <summary>
/// One step of the reboot: everyone stops at a safe point. First who accepts, then sessions, then the application's own loops. An
/// attempt is short: when somebody is late, everyone else is released at once, and it is tried again when that one has stopped.
/// </summary>
internal sealed class Suspension(Hall hall, RebootRun run)
{
    private static readonly TimeSpan _crashTimeout = TimeSpan.FromSeconds(1);
    private readonly RebooterOptions _options = hall.Context.Options;
    private readonly Population _population = hall.Population;
    private readonly Dictionary<object, Wait> _late = new(ReferenceEqualityComparer.Instance); // asked in an earlier attempt

    private TimeSpan FreezeLimit => run.Crash is not null ? _crashTimeout
        : _options.FreezeLimit < _options.SuspendTimeout ? _options.FreezeLimit : _options.SuspendTimeout;

    /// <exception cref="TimeoutException">Somebody was late each time until <see cref="RebooterOptions.SuspendTimeout"/> was over.</exception>
    /// <exception cref="OperationCanceledException">The reboot was called off meanwhile.</exception>
    internal void Hold()
    {
        long began = Stopwatch.GetTimestamp();
        run.OnUndo("resume everyone", () =>
        {
            run.Cancel("It is over.");
            hall.Acceptor.Resume();
            _population.Resume();
        });
        while (true)
        {
            List<Wait> late = Attempt();
            if (late.Count == 0)
                break;
            run.WasLate(late.Select(w => w.Who));
            if (IsAcceptable(late, isLast: Stopwatch.GetElapsedTime(began) >= _options.SuspendTimeout))
                break;
            Release(late);
            AwaitLate(late, _options.SuspendTimeout - Stopwatch.GetElapsedTime(began));
        }

        _population.Freeze();
    }

    /// <summary>Asks everyone to stop; returns those who were late.</summary>
    private List<Wait> Attempt()
    {
        run.Cancellation.ThrowIfCancellationRequested();
        _population.BeginSuspending();
        run.Freeze();
        long until = Stopwatch.GetTimestamp() + (long)(FreezeLimit.TotalSeconds * Stopwatch.Frequency);
        List<Wait> waits = [new(this, "AcceptAsync", hall.Acceptor.SuspendAsync())];
        foreach (SessionEntry entry in _population.Entries())
            if (entry.Id != run.Crash?.Culprit)
                waits.Add(Ask(entry, $"session {entry.Id}", () => entry.SuspendAsync(run.Cancellation)));
        List<Wait> late = Late(waits, until);
        if (late.Count > 0 && !IsAcceptable(late, isLast: false))
            return late;
        // Only now the application's own work: a session may have had to enter the gate to finish its own.
        late.AddRange(Late([new(_population.Gate, "EnterAsync", _population.Gate.CloseAsync())], until));
        late.AddRange(Late([.. _population.SafePoints().Select(p => Ask(p, $"safe point '{p.Name}'", () => new ValueTask(p.HoldAsync())))], until));
        return late;
    }

    // Who was late before has been asked already, and may have stopped since.
    private Wait Ask(object who, string name, Func<ValueTask> suspend)
    {
        if (_late.TryGetValue(who, out Wait? asked))
            return asked;
        try
        {
            ValueTask suspended = suspend();
            return new Wait(who, name, suspended.IsCompletedSuccessfully ? Task.CompletedTask : suspended.AsTask());
        }
#pragma warning disable CA1031 // the application's code; reported with the session's number
        catch (Exception e)
#pragma warning restore CA1031
        {
            return new Wait(who, name, Task.FromException(e));
        }
    }

    private List<Wait> Late(List<Wait> waits, long until)
    {
        TimeSpan left = Stopwatch.GetElapsedTime(Stopwatch.GetTimestamp(), until);
        Task all = Task.WhenAll(waits.Where(w => !w.Task.IsCompletedSuccessfully).Select(w => w.Task));
        if (!all.IsCompleted)
            Task.WaitAny([all], (int)Math.Clamp(left.TotalMilliseconds, 0, int.MaxValue), run.Cancellation);
        // After a crash, and for a copy, who cannot stop is as good as late.
        if (run is { Crash: null, IsCopy: false } && waits.Find(w => w.Task.IsFaulted) is Wait failed)
            throw new InvalidOperationException($"{failed.Who} could not be suspended: {Failure.Text(failed.Task.Exception!.InnerException!)}", failed.Task.Exception.InnerException);
        return waits.FindAll(w => !w.Task.IsCompletedSuccessfully);
    }

    private bool IsAcceptable(List<Wait> late, bool isLast)
    {
        if (run.Crash is not null)
            return true; // who does not stop is taken as it stands: half done is better than gone
        bool isOnlySessions = late.TrueForAll(w => w.Subject is SessionEntry);
        // A checkpoint does without a session that is at work: the record before is kept. So does a rehearsal. All else has to hold still.
        bool isAcceptable = isOnlySessions && (run.IsCopy || (isLast && _options.LateSessions == LateSessionPolicy.Farewell));
        if (isAcceptable)
            foreach (Wait wait in late)
                run.Late.Add(((SessionEntry)wait.Subject).Id);
        else if (isLast && (run.IsCopy || _options.LateSessions != LateSessionPolicy.Wait))
            throw new TimeoutException($"Not at a safe point after {_options.SuspendTimeout.TotalSeconds:0.###} s: {Some(late)}. "
                + "Let it finish what it does or read its input, or raise RebooterOptions.SuspendTimeout, or set RebooterOptions.LateSessions.");
        return isAcceptable;
    }

    /// <summary>Everyone goes on but those who were late: they are on their way to a safe point, and stop there.</summary>
    private void Release(List<Wait> late)
    {
        _late.Clear();
        foreach (Wait wait in late)
            if (wait.Subject is SessionEntry or SafePoint)
                _late.Add(wait.Subject, wait);
        // Where clients come and go all the time there is always somebody who is just leaving, unless nobody comes for a moment.
        if (!late.TrueForAll(w => w.Subject is SessionEntry { IsLeaving: true }))
            hall.Acceptor.Resume();
        _population.Resume(except: _late.Keys);
    }

    // The gap is as long as an attempt, so that everyone else is served at least half of the time, and nobody waits for two in a row.
    private void AwaitLate(List<Wait> late, TimeSpan left)
    {
        Task gap = Task.Delay(FreezeLimit, run.Cancellation);
        Task arrived = _late.Count == 0 ? Task.CompletedTask : Task.WhenAll(late.Select(w => w.Task));
        Task.WaitAny([gap], run.Cancellation);
        if (_options.LateSessions == LateSessionPolicy.Wait && !run.IsCopy)
            left = Timeout.InfiniteTimeSpan;
        else if (left < TimeSpan.Zero)
            left = TimeSpan.Zero;
        Task.WaitAny([arrived], (int)left.TotalMilliseconds, run.Cancellation);
    }

    private static string Some(List<Wait> late)
    {
        string[] names = [.. late.Take(5).Select(w => w.Who)];
        return string.Join(", ", names) + (late.Count > names.Length ? $" and {late.Count - names.Length} more" : "");
    }

    private sealed record Wait(object Subject, string Who, Task Task);
}

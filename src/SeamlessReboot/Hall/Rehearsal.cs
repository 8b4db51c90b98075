using System.Diagnostics;
using Microsoft.Win32.SafeHandles;
using SeamlessReboot.Descriptors;
using SeamlessReboot.Posix;
using SeamlessReboot.Spool;

namespace SeamlessReboot;

/// <summary>
/// One step of the reboot: the new release is tried with a copy of the live state, before anybody is disturbed. A process is started
/// beside this one; it has a network of its own where the kernel allows it.
/// </summary>
internal sealed class Rehearsal(Hall hall, RebootRun run)
{
    private readonly RebooterOptions _options = hall.Context.Options;

    /// <exception cref="IOException">The new release did not pass; the message holds its own words.</exception>
    internal RehearsalReport Run()
    {
        if (_options.Rehearsal == RehearsalMode.None)
            return new RehearsalReport { Mode = RehearsalMode.None };
        RebootRun copy = new("rehearsal") { IsRehearsal = true };
        using SafeFileHandle? state = _options.Rehearsal == RehearsalMode.UntilReady ? Copy(copy) : null;
        long spawnedAt = Stopwatch.GetTimestamp();
        using RehearsalProcess process = RehearsalProcess.Start(run.Plan!, state is null ? RehearsalStage.UntilStart : RehearsalStage.UntilReady);
        process.Give(state);
        if (!process.WaitForExit(_options.ReadyTimeout, run.Cancellation))
            throw new IOException(Overdue(process));
        RequireReadable(process.Greeting);
        RehearsalMessage? message = process.Message;
        if (process.ExitCode == RehearsalStage.Fine && (state is null || message is null))
            return new RehearsalReport { Mode = RehearsalMode.UntilStart }; // an older release answers so, too
        if (message is null)
            throw new IOException(Ended(process));
        if (message is { Failure: string failure, IsConflict: false })
            throw new IOException($"The new release failed its rehearsal: {Failure.Sentence(failure)} {Remedy}");
        RehearsalReport report = new()
        {
            Mode = RehearsalMode.UntilReady,
            SessionsLoaded = message.SessionsLoaded,
            SessionsNotLoaded = message.SessionsNotLoaded,
            SessionsNotTried = [.. copy.LateNames],
            UntilStart = Stopwatch.GetElapsedTime(spawnedAt, message.StartedAt),
            UntilReady = message.Failure is null ? Stopwatch.GetElapsedTime(message.StartedAt, message.RegisteredAt) : TimeSpan.Zero,
            Restoring = message.Failure is null ? Stopwatch.GetElapsedTime(message.RegisteredAt, message.ReadyAt) : TimeSpan.Zero,
            Copying = copy.FrozenAt == 0 ? TimeSpan.Zero : Stopwatch.GetElapsedTime(copy.FrozenAt, copy.StageEnds[^1]),
            Inconclusive = message.Failure,
        };
        Judge(report);
        return report;
    }

    private const string Remedy = "If it only fails because the server beside it has what it needs, let it keep away from that while "
        + "Rebooter.IsRehearsal is true, or set RebooterOptions.Rehearsal to UntilStart.";

    /// <summary>State and unread bytes of everyone who can be stopped at once, into memory.</summary>
    private SafeFileHandle Copy(RebootRun copy)
    {
        SafeFileHandle file = MemoryFile.Create("rehearsal");
        using CancellationTokenRegistration cancellation = run.Cancellation.Register(() => copy.Cancel(run.CancelReason!));
        try
        {
            using SpoolWriter writer = copy.Writer = new SpoolWriter(new SafeFileHandle(file.DangerousGetHandle(), false), SpoolFormat.NewNonce());
            copy.Stage = RebootStage.Suspend;
            new Suspension(hall, copy).Hold();
            copy.Next(RebootStage.Capture);
            new StateCapture(hall, copy).WriteInTime();
            copy.Next(RebootStage.Write);
            RebootRun.IsCurrent = false; // what Resume starts inherits the context
            copy.UndoAll(hall.Context.Log);
            RebootRun.IsCurrent = true;
            writer.Finish();
            return file;
        }
        catch
        {
            RebootRun.IsCurrent = false;
            copy.UndoAll(hall.Context.Log);
            run.WasLate(copy.LateNames);
            file.Dispose();
            throw;
        }
        finally
        {
            run.Copying = copy.FrozenAt == 0 ? TimeSpan.Zero : Stopwatch.GetElapsedTime(copy.FrozenAt);
        }
    }

    private void Judge(RehearsalReport report)
    {
        if (report.Inconclusive is string why)
        {
            Log.RehearsalInconclusive(hall.Context.Log, Failure.Sentence(why), Remedy);
            return;
        }

        foreach (LostSession session in report.SessionsNotLoaded)
            Log.RehearsalSession(hall.Context.Log, session.Id, session.Reason);
        // One session that does not load is that one's misfortune; most of them are the release's, whatever the policy.
        bool isMost = report.SessionsNotLoaded.Count > report.SessionsLoaded;
        if (isMost || (report.SessionsNotLoaded.Count > 0 && _options.SessionFailure == SessionFailurePolicy.CallOff))
            throw new IOException($"The new release cannot restore {report.SessionsNotLoaded.Count} of "
                + $"{report.SessionsNotLoaded.Count + report.SessionsLoaded} sessions. Session {report.SessionsNotLoaded[0].Id}: {Failure.Sentence(report.SessionsNotLoaded[0].Reason)} "
                + (isMost ? "Mend the release." : "Mend the release, or set RebooterOptions.SessionFailure to Farewell to reboot without them."));
    }

    private string Overdue(RehearsalProcess process) => process.Greeting is null
        ? $"The new release was still not at Rebooter.Start after {_options.ReadyTimeout.TotalSeconds:0.###} s. Make Rebooter.Start "
            + "the first line of Main, or raise RebooterOptions.ReadyTimeout, or set RebooterOptions.Rehearsal to None."
        : $"The new release was still not at the end of Ready after {_options.ReadyTimeout.TotalSeconds:0.###} s of its rehearsal. "
            + $"If it takes so long, raise RebooterOptions.ReadyTimeout. {Remedy}";

    private static string Ended(RehearsalProcess process)
    {
        string said = process.Errors.Trim();
        string words = said.Length == 0 ? "." : $", and said: {said}";
        return process.Greeting is null
            ? $"The new release does not start: it ended with exit code {process.ExitCode} before Rebooter.Start{words}"
            : $"The new release ended with exit code {process.ExitCode} before Ready{words} {Remedy}";
    }

    private void RequireReadable(string? greeting)
    {
        if (greeting?[RehearsalStage.Greeting.Length..].Split(' ', 2) is not [string format, string theirs])
            return;
        if (format != Inheritance.Version)
            throw new IOException($"The new release's SeamlessReboot reads format {format} of what is handed over, this one writes {Inheritance.Version}. "
                + "Restart once without reboot.");
        if (theirs != hall.Context.Serializer.Name)
            throw new IOException($"The new release reads state by the serializer '{theirs}', this one writes it by '{hall.Context.Serializer.Name}'. "
                + "To change the serializer, restart once without reboot.");
    }
}

using System.Globalization;
using SeamlessReboot;
using Talker.Players;

namespace Talker.Reboots;

/// <summary>Where admins ask for reboots. What has to be said is said before one: during it nobody can be written to.</summary>
internal sealed class RebootDesk(House house, Rebooter rebooter, string spoolDirectory)
{
    private readonly Lock _gate = new();
    private Countdown? _countdown;

    /// <summary>For keeping.</summary>
    public Countdown? Countdown
    {
        get
        {
            lock (_gate)
                return _countdown;
        }
        set
        {
            lock (_gate)
                _countdown = value;
        }
    }

    public void Reboot(Player admin)
    {
        if (Writers() is not { Length: > 0 } writers)
        {
            Force(admin);
            return;
        }

        admin.Send($"Not now: {writers}. 'reboot force' does not wait for them, and carries what they have written.");
    }

    public void Force(Player admin)
    {
        Countdown = null;
        Go(admin.Name);
    }

    public void CountDown(Player admin, int seconds)
    {
        Countdown = new Countdown { By = admin.Name, SecondsLeft = seconds };
        Announce(seconds);
    }

    public void Cancel(Player admin)
    {
        if (Countdown is null)
        {
            admin.Send("No reboot has been announced.");
            return;
        }

        Countdown = null;
        house.ToAll($"*** {admin.Name} has cancelled the reboot. ***");
    }

    public void Check(Player admin)
    {
        admin.Send(Writers() is { Length: > 0 } writers
            ? $"It would wait: {writers}. 'reboot force' does not, and carries what they have written."
            : "Nobody is writing.");
        admin.Send("The new version is being tried.");
        _ = Task.Run(() => TryRelease(admin)); // not here: the session would wait for itself, and be left out of the copy
    }

    public void Report(Player admin)
    {
        if (rebooter.LastReboot is not RebootReport report)
        {
            admin.Send("There has been no reboot since the talker was started.");
            return;
        }

        admin.Send(Summary(report));
        foreach ((RebootStage stage, TimeSpan time) in report.Stages)
            admin.Send(string.Create(CultureInfo.InvariantCulture, $"  {stage,-12}{time.TotalMilliseconds,7:0.0} ms"));
        admin.Send($"  The spool had {report.SpoolBytes} bytes.");
        if (report.Late.Count > 0)
            admin.Send($"  Late: {string.Join(", ", report.Late)}.");
        foreach (LostSession lost in report.SessionsLost)
        {
            admin.Send($"  Lost, connection {lost.Id}: {lost.Reason}");
            if (lost.StateFile is not null)
                admin.Send($"    Its record: {lost.StateFile}");
        }
    }

    /// <summary>What is in the spool directory: between reboots, the records of those who could not be brought back.</summary>
    public void Dump(Player admin)
    {
        using StringWriter dump = new();
        SpoolDump.Write(spoolDirectory, dump);
        foreach (string line in dump.ToString().Split('\n', StringSplitOptions.RemoveEmptyEntries))
            admin.Send(line);
    }

    /// <summary>Called in the new image, when everybody is back. The players have noticed nothing, and are not told.</summary>
    public void Tell(RebootReport report)
    {
        if (report.StateAge > TimeSpan.Zero)
            house.ToAll($"*** The talker has fallen over and stands again. What happened in the last {Math.Ceiling(report.StateAge.TotalSeconds)} seconds may be forgotten. ***");
        foreach (Player admin in house.Players.Where(p => p.IsAdmin))
            admin.Send($"*** {Summary(report)} ***");
    }

    /// <summary>Once a second.</summary>
    public void Tick()
    {
        if (Countdown is not Countdown countdown)
            return;
        if (countdown.SecondsLeft > 0 && --countdown.SecondsLeft > 0)
        {
            if (countdown.SecondsLeft is <= 5 or 10 or 20 or 30 || countdown.SecondsLeft % 60 == 0)
                Announce(countdown.SecondsLeft);
        }
        else if (Writers() is not { Length: > 0 } writers)
        {
            Countdown = null;
            Go(countdown.By);
        }
        else if (!countdown.IsWaiting)
        {
            countdown.IsWaiting = true;
            house.ToAll($"*** The reboot waits: {writers}. ***");
        }
    }

    private void TryRelease(Player admin)
    {
        try
        {
            foreach (string line in Lines(rebooter.CheckReboot()))
                admin.Send(line);
        }
        catch (RebootException e)
        {
            admin.Send(e.Message);
        }
    }

    private static IEnumerable<string> Lines(RehearsalReport report)
    {
        if (report.Inconclusive is not null)
        {
            yield return $"It cannot be said whether the new version starts: {report.Inconclusive}";
            yield break;
        }

        yield return string.Create(CultureInfo.InvariantCulture, $"The new version starts and loads {report.SessionsLoaded} sessions, "
            + $"in {(report.UntilStart + report.UntilReady + report.Restoring).TotalMilliseconds:0} ms. "
            + $"The pause of a reboot would be about {report.ExpectedPause.TotalMilliseconds:0} ms.");
        foreach (LostSession lost in report.SessionsNotLoaded)
            yield return $"  Not loaded, connection {lost.Id}: {lost.Reason}";
        if (report.SessionsNotTried.Count > 0)
            yield return $"  Not tried, because at work: {string.Join(", ", report.SessionsNotTried)}.";
    }

    private static string Summary(RebootReport report)
    {
        if (report.CalledOff is not null)
            return $"Not rebooted ({report.Reason}): {report.CalledOff.Message}";
        string pause = report.Pause.TotalMilliseconds.ToString("0.0", CultureInfo.InvariantCulture);
        return $"Rebooted ({report.Reason}): pause {pause} ms, {report.SessionsKept} kept, {report.SessionsLost.Count} lost, "
            + $"generation {report.Generation}, process {Environment.ProcessId}.";
    }

    private string Writers() => string.Join("; ", house.Players.Where(p => p.State.Draft is not null)
        .Select(p => $"{p.Name} is writing ({p.State.Draft})"));

    private void Announce(int seconds) =>
        house.ToAll($"*** The talker reboots in {seconds} {(seconds == 1 ? "second" : "seconds")}. You need not do anything. ***");

    private void Go(string by)
    {
        house.ToAll("*** Rebooting. Talk on. ***");
        _ = RebootAsync($"{by} asked for it");
    }

    private async Task RebootAsync(string reason)
    {
        try
        {
            await rebooter.RebootAsync(reason);
        }
        catch (RebootException e)
        {
            using (await rebooter.EnterAsync())
            {
                house.ToAll("*** The reboot was called off. ***");
                foreach (Player admin in house.Players.Where(p => p.IsAdmin))
                    admin.Send(e.Message);
            }
        }
    }
}

using System.Diagnostics;
using System.Globalization;
using System.Runtime.InteropServices;
using SeamlessReboot.Descriptors;
using SeamlessReboot.Posix;
using SeamlessReboot.Spool;

namespace SeamlessReboot;

/// <summary>The owners of what a server knows, side by side. Each has its own lock; none reaches into another's fields.</summary>
internal sealed class Hall(ServerContext context)
{
    internal ServerContext Context { get; } = context;

    /// <summary>Puts the owners together, with what has arrived.</summary>
    internal static Hall Build(ServerContext context, RehearsalStage? rehearsal, out Arrival arrival)
    {
        HeldSignals? held = Rebooter.IsSupported && context.Process.Variable(Inheritance.Variable) is not null ? context.Process.FindHeldSignals() : null;
        SupervisorLink supervisor = new(context);
        arrival = Arrival.Read(context, supervisor, rehearsal);
        ProcessState process = new(context, arrival.Start, held, arrival.Command);
        Population population = new(context.Log);
        population.RaiseLastId(arrival.LastId);
        SpoolPlace spool = SpoolPlace.Open(context, arrival);
        bool isHeld = spool.Directory is not null && spool.Directory == arrival.Spool;
        if (arrival is { IsCold: false, IsRehearsal: false })
            arrival.PrepareSockets(first: () =>
            {
                if (isHeld)
                    supervisor.PrepareHolding(spool.Directory!);
            });
        SpareDescriptors spare = new();
        if (Rebooter.IsSupported)
            spare.Take();
        return new Hall(context)
        {
            Spare = spare,
            Supervisor = supervisor,
            Process = process,
            Spool = spool,
            Population = population,
            Acceptor = new Acceptor(context, supervisor, spare),
            SessionLog = new SessionLog(context, supervisor),
            Turns = new Turns(population, spare),
            Generation = arrival.Generation,
            Crashes = arrival.Note?.Crashes ?? [],
        };
    }

    internal required SpareDescriptors Spare { get; init; }

    internal required SupervisorLink Supervisor { get; init; }

    internal required ProcessState Process { get; init; }

    internal required SpoolPlace Spool { get; init; }

    internal required Population Population { get; init; }

    internal required Acceptor Acceptor { get; init; }

    internal required SessionLog SessionLog { get; init; }

    internal required Turns Turns { get; init; }

    internal Listeners Listeners { get; } = new();

    internal Kept Kept { get; } = new();

    internal SuspendHooks Hooks { get; } = new(context);

    internal Reports Reports { get; } = new();

    /// <summary>0 after a cold start, one more after each reboot.</summary>
    internal int Generation { get; init; }

    /// <summary>The crashes of late, oldest first.</summary>
    internal IReadOnlyList<CrashMark> Crashes { get; init; } = [];

    /// <summary>For the supervisor's status line.</summary>
    internal string Status => string.Create(CultureInfo.InvariantCulture, $"Generation {Generation}, {Population.Count} sessions")
        + (Reports.LastCheckpoint is { Failure: null } last
            ? string.Create(CultureInfo.InvariantCulture, $", state of {last.Written:HH:mm:ss} UTC written in {last.Pause.TotalMilliseconds:0.0} ms")
            : "");

    /// <summary>A reboot holds the application's loops. Its own steps have limits; should one hang nevertheless, that is a hang.</summary>
    internal bool IsExcused() => Population.Phase switch
    {
        Phase.Starting => true,
        Phase.Suspending or Phase.Frozen => Turns.Current is { FrozenAt: > 0 } run
            && Stopwatch.GetElapsedTime(run.FrozenAt) < CrashGuard.LongestPause(Context.Options),
        _ => false,
    };

    internal void NotifyReady() => Supervisor.NotifyReady(Generation, Status, Spool.LastPath);

    /// <summary>An orderly end: nobody is to come back.</summary>
    /// <param name="isProcess">
    /// Whether the process is about to end with it. Then signals stay handled: one that asks for a reboot, and comes too late, would kill it.
    /// </param>
    internal void Close(bool isProcess)
    {
        Supervisor.Dispose();
        SessionLog.Dispose();
        Supervisor.Leave(HeldNames());
        if (!isProcess)
            Process.Dispose();
        Listeners.Close();
        Reports.Dispose();
        Acceptor.Dispose();
        Spare.Dispose();
        Spool.Dispose();
    }

    internal SpoolHeader NextHeader() => new()
    {
        Generation = Generation + 1,
        Pid = Context.Process.Pid,
        StartTime = Context.Process.StartTime,
        BootId = ProcessStart.BootId(),
        Serializer = Context.Serializer.Name,
        Written = Context.Now,
        LastId = Population.LastId,
    };

    /// <summary>Makes the spool directory anew where somebody has cleared it away, and lets the supervisor know.</summary>
    internal void RenewSpool(bool anywhere)
    {
        if (!Spool.Renew(anywhere) || !Supervisor.HoldsDescriptors)
            return;
        Supervisor.HoldSpool(Spool.Directory!);
        SessionLog.Begin(Spool.Directory!, NextHeader());
    }

    /// <summary>Every descriptor that has to come over an exec.</summary>
    internal HashSet<int> Survivors()
    {
        HashSet<int> survivors = [];
        if (Spool.Fd >= 0)
            survivors.Add(Spool.Fd);
        foreach (SafeHandle handle in Listeners.Handles().Concat(Kept.Handles()).Concat(Acceptor.Handles())
            .Concat(Population.Entries().Select(e => (SafeHandle)e.Session.Socket.SafeHandle)))
            if (!handle.IsClosed)
                survivors.Add((int)handle.DangerousGetHandle());
        return survivors;
    }

    /// <summary>The names of all that a supervisor holds for us.</summary>
    internal IEnumerable<string> HeldNames() => Listeners.Handles().Select(h => SupervisorLink.NameOf('l', h))
        .Concat(Kept.Handles().Select(h => SupervisorLink.NameOf('k', h)))
        .Concat(Population.Entries().Select(e => SupervisorLink.NameOf('c', e.Identity)));
}

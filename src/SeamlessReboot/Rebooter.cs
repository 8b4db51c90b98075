using System.Runtime.InteropServices;
using SeamlessReboot.Posix;

namespace SeamlessReboot;

/// <summary>
/// Restarts the server's process into new code while its clients stay connected. One per process, made in the first line of Main.
/// </summary>
/// <remarks>
/// <para>Before <see cref="Ready"/>: <see cref="Listen"/>, <see cref="Keep{T}(string, Func{T}, Action{T})"/>, <see cref="KeepOpen"/>,
/// <see cref="OnSuspending"/> and <see cref="Restore(Func{RestoredSession, IRebootSession}, Action)"/>, in any order, on one thread. They
/// only register; what they restore is handed out inside <see cref="Ready"/>. After it, every member is thread-safe.</para>
/// <para>Where <see cref="IsSupported"/> is false everything works but the reboot, which is refused.</para>
/// </remarks>
public sealed partial class Rebooter : IDisposable
{
    private static readonly TimeSpan _callOffTimeout = TimeSpan.FromSeconds(5);
    private static Rebooter? _instance;

    private readonly Hall _hall;
    private readonly RebootSequence _sequence;
    private readonly Checkpoints _checkpoints;
    private readonly CrashGuard _crashGuard;
    private readonly long _startEndedAt;
    private readonly RehearsalStage? _rehearsal;
    private Arrival? _arrival; // from Start to Ready
    private StartGuard? _startGuard; // so long, too
    private Func<RestoredSession, IRebootSession>? _restore;
    private Action<IReadOnlyList<LostSession>>? _whenRestored;
    private InheritedChildren? _children;

    private Rebooter(RebooterOptions options, HostProcess process)
    {
        options.Validate();
        IStateSerializer serializer = options.Serializer ?? DefaultSerializer.Create();
        if (serializer.Name.AsSpan().ContainsAny("\r\n"))
            throw new ArgumentException("The serializer's Name has a line break in it. Give it a short name in one line.", nameof(options));
        ServerContext context = new(options, GuardedLog.For(options), serializer, process);
        if (IsSupported)
            StandardStreams.FillMissing();
        _rehearsal = IsSupported ? RehearsalStage.Enter(context) : null;
        _hall = Hall.Build(context, _rehearsal, out _arrival);
        _sequence = new RebootSequence(_hall);
        _checkpoints = new Checkpoints(_hall, _sequence, reason => RequestReboot(reason));
        _crashGuard = new CrashGuard(_hall, _sequence, () => _startGuard);
        if (!IsSupported || _rehearsal is not null)
            return;
        _hall.Supervisor.StartWatchdog(_hall.IsExcused);
        _hall.Process.RegisterSignals(reason => RequestReboot(reason), reason => RequestCheckpoint(reason));
        _startGuard = new StartGuard(_hall, _arrival); // before the guard against crashes, which comes when this one knows no way
        _crashGuard.Start();
        AppDomain.CurrentDomain.ProcessExit += OnExit;
        _startEndedAt = System.Diagnostics.Stopwatch.GetTimestamp();
    }

    /// <summary>True on Linux, where a process can be replaced. Elsewhere the server runs, and reboots are refused.</summary>
    public static bool IsSupported { get; } = OperatingSystem.IsLinux()
        && RuntimeInformation.ProcessArchitecture is Architecture.X64 or Architecture.Arm64;

    /// <summary>
    /// True in a process that is only a rehearsal of a reboot: it has a copy of the live state, and ends inside <see cref="Ready"/>. An
    /// application uses it to keep its hands off what only one process may have (a port of its own, a database, a file that is written
    /// to), or to fill a cache that shortens the pause of the reboot. Known from the first line of Main on.
    /// </summary>
    public static bool IsRehearsal { get; } = Environment.GetEnvironmentVariable(RehearsalStage.Variable) is not null;

    /// <summary>0 after a cold start, one more after each reboot.</summary>
    public int Generation => _hall.Generation;

    /// <summary>The last reboot that was completed or called off; null when there was none.</summary>
    public RebootReport? LastReboot => _hall.Reports.LastReboot;

    /// <summary>The last checkpoint that was taken or failed; null when there was none.</summary>
    public CheckpointReport? LastCheckpoint => _hall.Reports.LastCheckpoint;

    /// <summary>
    /// Where state is written to, also if the options named no place. Null where reboots are not supported, and where no directory will
    /// do: then a reboot goes through a memory file. See <see cref="SpoolDump"/>.
    /// </summary>
    public string? SpoolDirectory => _hall.Spool.Directory?.Path;

    /// <summary>True under a supervisor that holds descriptors: a death of this process then drops nobody.</summary>
    public bool IsCrashSafe => _hall.Supervisor.HoldsDescriptors;

    /// <summary>Reads what the image before has left, if this start is a reboot.</summary>
    /// <param name="options">How to reboot.</param>
    /// <exception cref="ArgumentException">An option is out of its range.</exception>
    /// <exception cref="InvalidOperationException">There is a rebooter in this process already.</exception>
    /// <exception cref="IOException">
    /// The spool directory that the options name cannot be used: it belongs to somebody else, others may read it, or another server
    /// has it.
    /// </exception>
    public static Rebooter Start(RebooterOptions options)
    {
        ArgumentNullException.ThrowIfNull(options);
        if (Volatile.Read(ref _instance) is not null)
            throw new InvalidOperationException("Rebooter.Start was called twice. A process has one rebooter; pass it to where it is needed.");
        return _instance = new Rebooter(options, new HostProcess());
    }

    /// <summary>A rebooter beside that of the process, on a process that a test has made.</summary>
    internal static Rebooter StartOn(HostProcess process, RebooterOptions options) => new(options, process);

    /// <summary>
    /// Hands out what was inherited: system state first, then each session; closes what nobody claimed; resumes everyone. From
    /// here on the server serves.
    /// </summary>
    /// <exception cref="InvalidOperationException">
    /// Called twice; or the state of a <see cref="Keep{T}(string, Func{T}, Action{T})"/> could not be restored. If you let that end the process, the crash
    /// guard tries again and then starts cold; nobody's connection is dropped before that.
    /// </exception>
    public void Ready()
    {
        Restoration restoration = NewRestoration();
        long registeredAt = System.Diagnostics.Stopwatch.GetTimestamp();
        SynchronizationContext? context = SynchronizationContext.Current;
        SynchronizationContext.SetSynchronizationContext(null); // what is awaited here must not come back to this thread, which waits
        try
        {
            restoration.LoadMissingAsync(isBlocking: true, CancellationToken.None).GetAwaiter().GetResult();
        }
        finally
        {
            SynchronizationContext.SetSynchronizationContext(context);
        }

        BecomeReady(restoration, registeredAt);
    }

    /// <summary>
    /// As <see cref="Ready"/>, for a server whose <see cref="Keep{T}(string, Func{T}, Action{T}, Func{CancellationToken, Task{T}})"/>
    /// callbacks take their time: they are awaited, and no thread is blocked. All else happens where the caller is.
    /// </summary>
    /// <param name="cancellationToken">Handed to those callbacks.</param>
    /// <exception cref="InvalidOperationException">See <see cref="Ready"/>.</exception>
    /// <exception cref="OperationCanceledException">The token was cancelled. The server is not ready.</exception>
    public async Task ReadyAsync(CancellationToken cancellationToken = default)
    {
        Restoration restoration = NewRestoration();
        long registeredAt = System.Diagnostics.Stopwatch.GetTimestamp();
        // The callbacks of Keep and Restore run in the caller's context, as they do in Ready.
        await restoration.LoadMissingAsync(isBlocking: false, cancellationToken).ConfigureAwait(true);
        BecomeReady(restoration, registeredAt);
    }

    private Restoration NewRestoration() => new(_hall, RequireStarting(nameof(Ready)), _startGuard, _restore, Attach);

    private void BecomeReady(Restoration restoration, long registeredAt)
    {
        Arrival arrival = RequireStarting(nameof(Ready)); // it may have been called twice meanwhile
        Action? whenRestored = _whenRestored is { } callback ? () => callback([.. restoration.Lost]) : null;
        if (_rehearsal is not null)
        {
            _rehearsal.Perform(restoration, _hall.Population, whenRestored);
            return;
        }

        Readying readying = new(_hall, arrival, registeredAt, _startEndedAt);
        readying.Restore(restoration, whenRestored);
        _checkpoints.TakeOver(arrival);
        _startGuard?.Dispose();
        _startGuard = null;
        readying.Serve();
        _checkpoints.Start(isNew: !arrival.IsCold && arrival.Past is null);
        _children = arrival.Children;
        _arrival = null;
        readying.CleanUp();
        ThreadPool.UnsafeQueueUserWorkItem(static p => p.Remember(), _hall.Process, preferLocal: true);
        if (_hall.Turns.TakeRequested() is string reason)
            RequestReboot(reason);
    }

    /// <summary>
    /// The loop that calls this is alive. From the first call after <see cref="Ready"/> on, a supervisor with a watchdog is told that the
    /// server is alive only as long as calls go on coming, at least one in each quarter of its WATCHDOG_USEC; before it, while the
    /// thread pool runs. Cheap; does nothing without a watchdog.
    /// </summary>
    public void Heartbeat()
    {
        if (_arrival is null)
            _hall.Supervisor.Beat();
    }

    /// <summary>Stops the rebooter: unfinished requests are forgotten, unix socket files removed. Sessions are left alone.</summary>
    /// <remarks>
    /// While an exception passes through the using block that ends here, nothing is stopped before the process exits: if nobody
    /// catches it, it is a crash, and the answer to that needs all of this.
    /// </remarks>
    public void Dispose()
    {
        if (this == _instance && IsSupported && _crashGuard.MayBeCrashing())
            AppDomain.CurrentDomain.ProcessExit += (_, _) => Stop(isFailing: Environment.ExitCode != 0);
        else
            Stop(isFailing: false);
    }

    private void Stop(bool isFailing)
    {
        Phase before = _hall.Population.Stop(); // no new reboot begins
        CallOffRun();
        // What has not been handed out, or was left by an exception, is for the process that the supervisor starts next.
        if (before == Phase.Stopped || (IsCrashSafe && (isFailing || (before == Phase.Starting && _arrival is { IsCold: false }))))
            return;
        _checkpoints.Dispose();
        _startGuard?.Dispose();
        _crashGuard.Dispose();
        _children?.Dispose();
        _hall.Close(isProcess: this == _instance);
        AppDomain.CurrentDomain.ProcessExit -= OnExit;
        Interlocked.CompareExchange(ref _instance, null, this);
    }

    // Of a Main that does not dispose of it.
    private void OnExit(object? sender, EventArgs e) => CallOffRun();

    // No exec once the process is on its way out.
    private void CallOffRun()
    {
        if (RebootRun.IsCurrent || _hall.Turns.Current is not RebootRun run)
            return;
        run.Cancel("The server is being stopped.");
        run.Over.Task.Wait(_callOffTimeout);
    }

    private Arrival RequireStarting(string method) => _arrival is Arrival arrival && _hall.Population.Phase == Phase.Starting
        ? arrival
        : throw new InvalidOperationException($"{method} was called after Ready. Call Keep, KeepOpen, Restore and OnSuspending before Ready, "
            + "because Ready hands out what the image before has left.");
}

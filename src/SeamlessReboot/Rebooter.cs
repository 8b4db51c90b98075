using System.Net;
using System.Net.Sockets;
using System.Runtime.InteropServices;
using SeamlessReboot.Posix;

namespace SeamlessReboot;

/// <summary>
/// Restarts the server's process into new code while its clients stay connected. One per process, made in the first line of Main.
/// </summary>
/// <remarks>
/// <para>Before <see cref="Ready"/>: <see cref="Listen"/>, <see cref="Keep{T}"/>, <see cref="KeepOpen"/> and
/// <see cref="Restore"/>, in any order, on one thread. They only register; what they restore is handed out inside
/// <see cref="Ready"/>. After it, every member is thread-safe.</para>
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
    private Action? _whenRestored;
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

    /// <summary>A listening socket: the inherited one of this end point, or a new one.</summary>
    /// <param name="endPoint">
    /// IPv4, IPv6 (which does not take IPv4 clients: listen on both) or a unix socket. Port 0 lets the kernel choose, and the
    /// choice stays over reboots. A socket file that nobody listens on any more is replaced.
    /// </param>
    /// <param name="backlog">How many clients may wait to be accepted, also while the process is being replaced.</param>
    /// <exception cref="SocketException">The address cannot be bound.</exception>
    /// <exception cref="InvalidOperationException">Called after <see cref="Ready"/>.</exception>
    public Socket Listen(EndPoint endPoint, int backlog = 512)
    {
        ArgumentNullException.ThrowIfNull(endPoint);
        ArgumentOutOfRangeException.ThrowIfNegativeOrZero(backlog);
        Arrival arrival = RequireStarting(nameof(Listen));
        string name = _hall.Listeners.FreeName(endPoint);
        Socket? inherited = arrival.TakeListener(name, endPoint);
        Socket listener = inherited ?? ListeningSocket.Open(endPoint, backlog);
        if (inherited is null)
            _hall.Supervisor.HoldLater('l', listener.SafeHandle);
        _hall.Listeners.Add(name, listener);
        return listener;
    }

    /// <summary>Keeps a piece of system state over reboots.</summary>
    /// <param name="name">Its name in the spool; the same in every version.</param>
    /// <param name="save">Called when all sessions are suspended.</param>
    /// <param name="restore">
    /// Called inside <see cref="Ready"/>, before any session is restored, if the image before has kept state of this name. An
    /// exception is taken for a crash of the new version.
    /// </param>
    /// <typeparam name="T">The type it is written and read as.</typeparam>
    /// <exception cref="ArgumentException">The name has been used already.</exception>
    /// <exception cref="InvalidOperationException">Called after <see cref="Ready"/>.</exception>
    public void Keep<T>(string name, Func<T> save, Action<T> restore)
    {
        ArgumentException.ThrowIfNullOrEmpty(name);
        ArgumentNullException.ThrowIfNull(save);
        ArgumentNullException.ThrowIfNull(restore);
        RequireStarting(nameof(Keep));
        IStateSerializer serializer = _hall.Context.Serializer;
        _hall.Kept.Add(new KeptState(name, typeof(T), writer => serializer.Serialize(writer, save(), typeof(T)),
            data => restore((T)serializer.Deserialize(data, typeof(T))!)));
    }

    /// <summary>Keeps a descriptor open over reboots: a pipe, a file with a lock, a device.</summary>
    /// <param name="name">Its name; the same in every version.</param>
    /// <param name="open">Called if the image before has kept none of this name.</param>
    /// <returns>The inherited handle, or what <paramref name="open"/> has returned. Yours to dispose; then it is no longer kept.</returns>
    /// <exception cref="ArgumentException">The name has been used already.</exception>
    /// <exception cref="InvalidOperationException">Called after <see cref="Ready"/>.</exception>
    public SafeHandle KeepOpen(string name, Func<SafeHandle> open)
    {
        ArgumentException.ThrowIfNullOrEmpty(name);
        ArgumentNullException.ThrowIfNull(open);
        Arrival arrival = RequireStarting(nameof(KeepOpen));
        _hall.Kept.RequireNewDescriptor(name);
        SafeHandle? inherited = arrival.TakeKept(name);
        SafeHandle handle = inherited ?? open();
        if (inherited is null)
            _hall.Supervisor.HoldLater('k', handle);
        _hall.Kept.Add(name, handle);
        return handle;
    }

    /// <summary>Says how a session is brought back.</summary>
    /// <param name="restore">
    /// Called inside <see cref="Ready"/> for each session, in the order in which they were once added. Returns the living session,
    /// which is then resumed. If it throws, that one session is quarantined: its client is told so, its record kept.
    /// </param>
    /// <param name="whenAllRestored">
    /// Called once after a reboot, when all sessions are restored and none runs yet: the place to join what refers to one another.
    /// </param>
    /// <exception cref="InvalidOperationException">Called twice, or after <see cref="Ready"/>.</exception>
    public void Restore(Func<RestoredSession, IRebootSession> restore, Action? whenAllRestored = null)
    {
        ArgumentNullException.ThrowIfNull(restore);
        RequireStarting(nameof(Restore));
        if (_restore is not null)
            throw new InvalidOperationException("Restore was called twice. Use one callback, and RestoredSession.Kind to tell sessions apart.");
        _restore = restore;
        _whenRestored = whenAllRestored;
    }

    /// <summary>
    /// Hands out what was inherited: system state first, then each session; closes what nobody claimed; resumes everyone. From
    /// here on the server serves.
    /// </summary>
    /// <exception cref="InvalidOperationException">
    /// Called twice; or the state of a <see cref="Keep{T}"/> could not be restored. If you let that end the process, the crash
    /// guard tries again and then starts cold; nobody's connection is dropped before that.
    /// </exception>
    public void Ready()
    {
        Arrival arrival = RequireStarting(nameof(Ready));
        Restoration restoration = new(_hall, arrival, _startGuard, _restore, Attach);
        if (_rehearsal is not null)
        {
            _rehearsal.Perform(restoration, _hall.Population, _whenRestored);
            return;
        }

        Readying readying = new(_hall, arrival, registeredAt: System.Diagnostics.Stopwatch.GetTimestamp(), _startEndedAt);
        readying.Restore(restoration, _whenRestored);
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
        : throw new InvalidOperationException($"{method} was called after Ready. Call Listen, Keep, KeepOpen and Restore before Ready, "
            + "because Ready closes every inherited descriptor that nobody claimed.");
}

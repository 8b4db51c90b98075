using System.Buffers;
using System.Diagnostics;
using System.Runtime.InteropServices;
using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Logging.Abstractions;
using SeamlessReboot.Posix;
using SeamlessReboot.Spool;

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
    private static Rebooter? _instance;

    private readonly RebooterOptions _options;
    private readonly HostProcess _process;
    private readonly ILogger _log;
    private readonly IStateSerializer _serializer;
    private readonly Lock _gate = new();
    private readonly Dictionary<string, KeptState> _keptState = new(StringComparer.Ordinal);
    private readonly Dictionary<string, SafeHandle> _keptOpen = new(StringComparer.Ordinal);
    private readonly List<PosixSignalRegistration> _signals = [];
    private ProcessStart? _start;
    private readonly Terminal? _terminal;
    private readonly long _startedAt = Stopwatch.GetTimestamp();
    private readonly long _startEndedAt;
    private Phase _phase = Phase.Starting;
    private Func<RestoredSession, IRebootSession>? _restore;
    private Action? _whenRestored;
    private InheritedChildren? _children;
    private SpoolDirectory? _spool;
    private RebootMetrics? _metrics;

    private Rebooter(RebooterOptions options, HostProcess process)
    {
        options.Validate();
        _options = options;
        _process = process;
        _log = (options.LoggerFactory ?? NullLoggerFactory.Instance).CreateLogger("SeamlessReboot");
        _serializer = options.Serializer ?? DefaultSerializer.Create();
        if (_serializer.Name.AsSpan().ContainsAny("\r\n"))
            throw new ArgumentException("The serializer's Name has a line break in it. Give it a short name in one line.", nameof(options));
        if (!IsSupported)
            return;
        NewVersionCheck.AnswerIfAsked(process, _serializer);
        _terminal = Terminal.Read();
        Inherit();
        RegisterSignals();
        if (options.RebootOnCrash)
            AppDomain.CurrentDomain.UnhandledException += OnUnhandledException;
        _startEndedAt = Stopwatch.GetTimestamp();
    }

    private enum Phase
    {
        Starting,
        Serving,
        Suspending,
        Frozen,
        Stopped,
    }

    /// <summary>True on Linux, where a process can be replaced. Elsewhere the server runs, and reboots are refused.</summary>
    public static bool IsSupported { get; } = OperatingSystem.IsLinux()
        && RuntimeInformation.ProcessArchitecture is Architecture.X64 or Architecture.Arm64;

    /// <summary>0 after a cold start, one more after each reboot.</summary>
    public int Generation { get; private set; }

    /// <summary>The last reboot that was completed or called off; null when there was none.</summary>
    public RebootReport? LastReboot { get; private set; }

    /// <summary>Where state is written to, also if the options named no place; null where reboots are not supported. See <see cref="SpoolDump"/>.</summary>
    public string? SpoolDirectory => _spool?.Path;

    /// <summary>The number of living sessions.</summary>
    public int SessionCount
    {
        get
        {
            lock (_gate)
                return _sessions.Count;
        }
    }

    /// <summary>Reads what the image before has left, if this start is a reboot.</summary>
    /// <param name="options">How to reboot.</param>
    /// <exception cref="ArgumentException">An option is out of its range.</exception>
    /// <exception cref="InvalidOperationException">There is a rebooter in this process already.</exception>
    /// <exception cref="IOException">
    /// The spool directory cannot be used: it belongs to somebody else, others may read it, or another server has it.
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
        KeptState state = new(name, typeof(T), writer => _serializer.Serialize(writer, save(), typeof(T)),
            data => restore((T)_serializer.Deserialize(data, typeof(T))!));
        if (!_keptState.TryAdd(name, state))
            throw new ArgumentException($"State named '{name}' is kept already. Give each piece a name of its own.", nameof(name));
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
        RequireStarting(nameof(KeepOpen));
        if (_keptOpen.ContainsKey(name))
            throw new ArgumentException($"A descriptor named '{name}' is kept already. Give each a name of its own.", nameof(name));
        int? held = TakeDescriptor("keep:" + name);
        SafeHandle handle = held is int fd ? new Microsoft.Win32.SafeHandles.SafeFileHandle(fd, true) : open();
        if (held is null)
            StoreLater(handle);
        _keptOpen.Add(name, handle);
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

    /// <summary>Stops the rebooter: unfinished requests are forgotten, unix socket files removed. Sessions are left alone.</summary>
    /// <remarks>
    /// While an exception passes through the using block that ends here, nothing is stopped before the process exits: if nobody
    /// catches it, it is a crash, and the answer to that needs all of this.
    /// </remarks>
    public void Dispose()
    {
        if (MayBeCrashing())
            AppDomain.CurrentDomain.ProcessExit += (_, _) => Stop(isFailing: Environment.ExitCode != 0);
        else
            Stop(isFailing: false);
    }

    private void Stop(bool isFailing)
    {
        bool isForSupervisor;
        lock (_gate)
        {
            if (_phase == Phase.Stopped)
                return;
            // What has not been handed out, or was left by an exception, is for the process that the supervisor starts next.
            isForSupervisor = IsCrashSafe && (isFailing || (_phase == Phase.Starting && _inheritance is not null));
            _phase = Phase.Stopped;
        }

        if (isForSupervisor)
            return;
        LeaveSupervisor();

        AppDomain.CurrentDomain.UnhandledException -= OnUnhandledException;
        foreach (PosixSignalRegistration signal in _signals)
            signal.Dispose();
        CloseListeners();
        _children?.Dispose();
        _metrics?.Dispose();
        _suspendAccepts.Dispose();
        if (_spool is not null)
        {
            _spool.Clear();
            _spool.Dispose();
        }

        Interlocked.CompareExchange(ref _instance, null, this);
    }

    private void RequireStarting(string method)
    {
        if (_phase != Phase.Starting)
            throw new InvalidOperationException($"{method} was called after Ready. Call Listen, Keep, KeepOpen and Restore before Ready, "
                + "because Ready closes every inherited descriptor that nobody claimed.");
    }

    // Registered first, unblocked then: one that came during the exec was kept pending by the mask, and is delivered now.
    private void RegisterSignals()
    {
        foreach (PosixSignal signal in _options.RebootSignals)
            RegisterSignal(signal, () => RequestReboot("signal " + signal));
        foreach (PosixSignal signal in _options.CheckpointSignals)
            RegisterSignal(signal, () => RequestCheckpoint("signal " + signal));
        Signals.SetThreadMask(0);
    }

    private void RegisterSignal(PosixSignal signal, Action action)
    {
        if ((_start!.IgnoredSignals & Signals.Bit(signal)) != 0)
            Signals.StopIgnoring(signal); // started by nohup
        _signals.Add(PosixSignalRegistration.Create(signal, context =>
        {
            context.Cancel = true;
            action();
        }));
    }

    private sealed record KeptState(string Name, Type Type, Action<IBufferWriter<byte>> Save, Action<ReadOnlyMemory<byte>> Restore);
}

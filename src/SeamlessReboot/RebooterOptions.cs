using System.Runtime.InteropServices;
using Microsoft.Extensions.Logging;

namespace SeamlessReboot;

/// <summary>How a server reboots. Read once, by <see cref="Rebooter.Start"/>.</summary>
public sealed class RebooterOptions
{
    /// <summary>
    /// Where state is written to during a reboot: a directory of this server's user alone (mode 0700; created if missing) and
    /// of this server alone. A tmpfs is fastest. Default: one named after user and program in RUNTIME_DIRECTORY,
    /// XDG_RUNTIME_DIR, /dev/shm or the temporary directory; they are tried in this order, each with -2, -3 and so on behind the name
    /// where that is another server's or another user's.
    /// </summary>
    /// <remarks>
    /// A reboot that finds the directory full, removed or not its own any more goes through a memory file instead, and the log says
    /// so. A directory named here that cannot be used at the start is an error. Checkpoints always need a directory.
    /// </remarks>
    public string? SpoolDirectory { get; init; }

    /// <summary>
    /// How long one attempt to stop everyone may take. When somebody is late, all others are released at once and served on, and it is
    /// tried again when that one has stopped. So this is the longest that a client waits for a reboot that does not come. For
    /// checkpoints too: of a session that is late the record before is kept. Default 0.25 seconds.
    /// </summary>
    public TimeSpan FreezeLimit { get; init; } = TimeSpan.FromMilliseconds(250);

    /// <summary>
    /// How long it is tried again, from the first attempt on, before <see cref="LateSessions"/> decides. Default 5 seconds.
    /// </summary>
    public TimeSpan SuspendTimeout { get; init; } = TimeSpan.FromSeconds(5);

    /// <summary>
    /// What to do when a session is late until <see cref="SuspendTimeout"/> is over. Default: call the reboot off. A loop with a safe
    /// point, or work in the gate, that is late always calls it off, unless this is <see cref="LateSessionPolicy.Wait"/>.
    /// </summary>
    public LateSessionPolicy LateSessions { get; init; }

    /// <summary>
    /// How long all CaptureState and save callbacks together have before the reboot or the checkpoint is called off; the message names
    /// the one that has not returned. They run on a thread of their own. Default 5 seconds.
    /// </summary>
    public TimeSpan CaptureTimeout { get; init; } = TimeSpan.FromSeconds(5);

    /// <summary>What to do when a session cannot be captured. Default: call the reboot off.</summary>
    public SessionFailurePolicy SessionFailure { get; init; }

    /// <summary>
    /// Called when all sessions are suspended and written, before the process is replaced: flush loggers, close databases.
    /// After it no finally, Dispose or ProcessExit of this image runs. If it throws, the reboot is called off. What is written to a
    /// session from here is sent only if the reboot is called off; speak to players before you ask for it.
    /// </summary>
    public Func<CancellationToken, ValueTask>? OnSuspending { get; init; }

    /// <summary>How long <see cref="OnSuspending"/> has before the reboot is called off. Default 5 seconds.</summary>
    public TimeSpan FlushTimeout { get; init; } = TimeSpan.FromSeconds(5);

    /// <summary>Signals that ask for a reboot. One that comes in the middle of a reboot is not lost and does not kill.</summary>
    public IReadOnlyCollection<PosixSignal> RebootSignals { get; init; } = [];

    /// <summary>Signals that ask for a checkpoint. SIGUSR2 is <c>(PosixSignal)12</c>.</summary>
    public IReadOnlyCollection<PosixSignal> CheckpointSignals { get; init; } = [];

    /// <summary>
    /// How often a checkpoint is taken under a supervisor that holds descriptors; <see cref="Timeout.InfiniteTimeSpan"/> for only when
    /// asked. Default (null): every 30 seconds. Without such a supervisor there are none.
    /// </summary>
    public TimeSpan? CheckpointInterval { get; init; }

    /// <summary>Writes and reads state. Default: JSON by reflection.</summary>
    public IStateSerializer? Serializer { get; init; }

    /// <summary>
    /// How far the new release is tried before anybody is disturbed: it is started beside the old one, with a copy of the live state and
    /// no descriptor, and what fails there calls the reboot off. Default: its whole start-up, until the end of <see cref="Rebooter.Ready"/>.
    /// A start-up that fails only because the server beside it has the port, the file lock or the database calls nothing off: the reboot
    /// goes on with a warning. Requires that <see cref="Rebooter.Start"/> is the first line of Main.
    /// </summary>
    public RehearsalMode Rehearsal { get; init; }

    /// <summary>
    /// How long the new release may take from its start to the end of <see cref="Rebooter.Ready"/>: in the rehearsal, before the reboot is
    /// called off; in earnest, before the previous release is started in its place. Default 30 seconds.
    /// </summary>
    public TimeSpan ReadyTimeout { get; init; } = TimeSpan.FromSeconds(30);

    /// <summary>
    /// Answer an unhandled exception with a reboot instead of dying. Default true. See <see cref="CrashWindow"/> for what keeps
    /// that from going on for ever. Which session it happened in is known in the session's own tasks and on the thread pool, not
    /// on a thread that the session has started itself.
    /// </summary>
    public bool RebootOnCrash { get; init; } = true;

    /// <summary>
    /// Crashes within this time count together: the first reboots with everyone, the second without the session that crashed
    /// it (cold, when that is not known), the third cold, the fourth lets the process die. Default 1 minute.
    /// </summary>
    public TimeSpan CrashWindow { get; init; } = TimeSpan.FromMinutes(1);

    /// <summary>What a client is told, in UTF-8, whose session could not be brought back. With its line end.</summary>
    public string Farewell { get; init; } = "Your session could not be carried over a restart. Please connect again.\r\n";

    /// <summary>
    /// The program and its arguments to start in place of this one. Default: as this process was started, found again through
    /// PATH and working directory, so that a new release behind the same name is taken.
    /// </summary>
    public IReadOnlyList<string>? Command { get; init; }

    /// <summary>Where log lines go. Default: nowhere. A logger that throws disturbs nothing; its line is lost.</summary>
    public ILoggerFactory? LoggerFactory { get; init; }

    /// <summary>
    /// Where log lines go, for a server without Microsoft.Extensions.Logging: called with the level and the text, from any thread. Beside
    /// or in place of <see cref="LoggerFactory"/>.
    /// </summary>
    public Action<LogLevel, string>? Log { get; init; }

    /// <summary>The clock. Default: the system's.</summary>
    public TimeProvider TimeProvider { get; init; } = TimeProvider.System;

    internal void Validate()
    {
        RequirePositive(SuspendTimeout, nameof(SuspendTimeout));
        RequirePositive(FlushTimeout, nameof(FlushTimeout));
        RequirePositive(ReadyTimeout, nameof(ReadyTimeout));
        RequirePositive(CrashWindow, nameof(CrashWindow));
        RequirePositive(FreezeLimit, nameof(FreezeLimit));
        RequirePositive(CaptureTimeout, nameof(CaptureTimeout));
        if (CheckpointInterval is TimeSpan interval && interval != Timeout.InfiniteTimeSpan)
            RequirePositive(interval, nameof(CheckpointInterval));
        if (SpoolDirectory is "")
            throw new ArgumentException("SpoolDirectory is empty. Leave it null for the default, or name a directory.", nameof(SpoolDirectory));
        if (Command is { Count: 0 })
            throw new ArgumentException("Command is empty. Leave it null to start as this process was started.", nameof(Command));
        if (SessionFailure is not (SessionFailurePolicy.CallOff or SessionFailurePolicy.Farewell))
            throw new ArgumentException($"SessionFailure {SessionFailure} is no policy. Use CallOff or Farewell.", nameof(SessionFailure));
        if (LateSessions is not (LateSessionPolicy.CallOff or LateSessionPolicy.Farewell or LateSessionPolicy.Wait))
            throw new ArgumentException($"LateSessions {LateSessions} is no policy. Use CallOff, Farewell or Wait.", nameof(LateSessions));
        if (Rehearsal is not (RehearsalMode.UntilReady or RehearsalMode.UntilStart or RehearsalMode.None))
            throw new ArgumentException($"Rehearsal {Rehearsal} is no mode. Use UntilReady, UntilStart or None.", nameof(Rehearsal));
        ArgumentNullException.ThrowIfNull(Farewell);
        ArgumentNullException.ThrowIfNull(TimeProvider);
        ArgumentNullException.ThrowIfNull(RebootSignals);
        ArgumentNullException.ThrowIfNull(CheckpointSignals);
        foreach (PosixSignal signal in RebootSignals) // no LINQ: over an enum it is compiled at run time, and this runs in the pause
            foreach (PosixSignal other in CheckpointSignals)
                if (signal == other)
                    throw new ArgumentException($"{signal} is in RebootSignals and in CheckpointSignals. Give each its own signal.", nameof(CheckpointSignals));
    }

    private static void RequirePositive(TimeSpan value, string name)
    {
        if (value <= TimeSpan.Zero || value.TotalMilliseconds > int.MaxValue)
            throw new ArgumentOutOfRangeException(name, value, $"{name} has to be more than zero and at most 24 days.");
    }
}

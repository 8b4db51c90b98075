using System.Text.RegularExpressions;

namespace SeamlessReboot.Angel;

/// <summary>When a server that has ended is started again.</summary>
internal enum RestartPolicy
{
    /// <summary>After any end but an exit with 0 once it was ready.</summary>
    OnFailure,

    /// <summary>After any end that was not asked for.</summary>
    Always,

    /// <summary>Never: the angel ends too, and says how the server ended.</summary>
    Never,
}

/// <summary>What "run" was told. Checked by the command line; immutable.</summary>
internal sealed record AngelOptions
{
    /// <summary>The server and its arguments.</summary>
    public required IReadOnlyList<string> Command { get; init; }

    /// <summary>The name by which the other verbs find this angel. Default: the file name of the server's program or assembly.</summary>
    public required string Name { get; init; }

    /// <summary>Where control and notify socket, log and state are; 0700.</summary>
    public required string RuntimeDirectory { get; init; }

    public RestartPolicy Restart { get; init; } = RestartPolicy.OnFailure;

    /// <summary>Wait before the first restart; times 1.5 with each death that no time of readiness has made up for. The first restart comes at once.</summary>
    public TimeSpan Backoff { get; init; } = TimeSpan.FromSeconds(0.5);

    public TimeSpan BackoffLimit { get; init; } = TimeSpan.FromSeconds(30);

    /// <summary>After so many deaths within <see cref="DeathWindow"/> the angel gives up. 0: never.</summary>
    public int DeathLimit { get; init; } = 10;

    public TimeSpan DeathWindow { get; init; } = TimeSpan.FromMinutes(1);

    /// <summary>How long the server may take to READY. A server that never speaks to the notify socket counts as ready by <see cref="StartDelay"/>.</summary>
    public TimeSpan StartTimeout { get; init; } = TimeSpan.FromSeconds(60);

    /// <summary>Whether readiness is announced by READY=1; false for programs that do not notify (then <see cref="StartDelay"/> or <see cref="LookFor"/> decides). Null: found out.</summary>
    public bool? Notifies { get; init; }

    /// <summary>A program that does not notify is taken for ready when it has lived so long.</summary>
    public TimeSpan StartDelay { get; init; } = TimeSpan.FromSeconds(3);

    /// <summary>How long a server may take to end after SIGTERM before SIGKILL.</summary>
    public TimeSpan StopTimeout { get; init; } = TimeSpan.FromSeconds(20);

    /// <summary>WATCHDOG_USEC for the server; no heartbeat for so long: SIGABRT, then SIGKILL after <see cref="AbortTimeout"/>. Null: none.</summary>
    public TimeSpan? Watchdog { get; init; }

    public TimeSpan AbortTimeout { get; init; } = TimeSpan.FromSeconds(2);

    /// <summary>Talk to the port: connect, and if <see cref="ProbeText"/> is given send it with a line end and wait for any answer.</summary>
    public Uri? Probe { get; init; }

    public string? ProbeText { get; init; }

    public TimeSpan ProbeInterval { get; init; } = TimeSpan.FromSeconds(10);

    public TimeSpan ProbeTimeout { get; init; } = TimeSpan.FromSeconds(5);

    /// <summary>So many failed probes in a row are a hang.</summary>
    public int ProbeFailures { get; init; } = 3;

    /// <summary>tcp://HOST:PORT (both families where the host has both), tcp4://, tcp6://, unix:///PATH; opened by the angel.</summary>
    public IReadOnlyList<Uri> Listen { get; init; } = [];

    public int Backlog { get; init; } = 4096;

    /// <summary>How many descriptors the store holds at most.</summary>
    public int StoreLimit { get; init; } = 20_000;

    /// <summary>Started in place of the command when that dies before READY, or is not READY in time, <see cref="FallbackAfter"/> times in a row.</summary>
    public IReadOnlyList<string>? Fallback { get; init; }

    public int FallbackAfter { get; init; } = 3;

    /// <summary>A server that was ready for so long is a good release.</summary>
    public TimeSpan StableAfter { get; init; } = TimeSpan.FromMinutes(1);

    public bool Daemon { get; init; }

    /// <summary>With <see cref="Daemon"/>: how long the starting command waits for readiness before it fails.</summary>
    public TimeSpan DaemonTimeout { get; init; } = TimeSpan.FromSeconds(90);

    public string? PidFile { get; init; }

    /// <summary>Ready when a new line of <see cref="LookIn"/> matches.</summary>
    public Regex? LookFor { get; init; }

    public string? LookIn { get; init; }

    /// <summary>Become this user (and its groups) after sockets and files have been opened. Only as root.</summary>
    public string? User { get; init; }

    /// <summary>Refuse to run as anybody else.</summary>
    public string? RequireUser { get; init; }

    public bool Syslog { get; init; }

    /// <summary>The angel's own log; with <see cref="Daemon"/> also where the server's output goes. Default: stderr; as a daemon, angel.log in the runtime directory.</summary>
    public string? LogFile { get; init; }
}

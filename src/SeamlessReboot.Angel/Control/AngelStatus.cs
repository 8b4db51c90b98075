namespace SeamlessReboot.Angel.Control;

/// <summary>What "status" answers.</summary>
internal sealed record AngelStatus
{
    public required State State { get; init; }

    public required int AngelPid { get; init; }

    /// <summary>Null when there is no server at the moment.</summary>
    public int? ChildPid { get; init; }

    /// <summary>When the server that runs was started.</summary>
    public DateTimeOffset? Since { get; init; }

    /// <summary>How long it has run, whatever was done to the wall clock meanwhile.</summary>
    public double? RunsForSeconds { get; init; }

    /// <summary>How often a server has been started again.</summary>
    public required int Restarts { get; init; }

    /// <summary>When the deaths were that count towards the limit.</summary>
    public required IReadOnlyList<DateTimeOffset> DeathsOfLate { get; init; }

    /// <summary>How many descriptors are in the store.</summary>
    public required int FdsHeld { get; init; }

    /// <summary>The last lines of what the server has written to its standard error.</summary>
    public required IReadOnlyList<string> LastWords { get; init; }

    /// <summary>What the angel was told to run.</summary>
    public required IReadOnlyList<string> Command { get; init; }

    /// <summary>What runs, or ran last: "main" or "fallback".</summary>
    public required string Release { get; init; }

    /// <summary>What was started: other than <see cref="Command"/> on the fallback.</summary>
    public IReadOnlyList<string>? Running { get; init; }

    /// <summary>A seamless server's generation.</summary>
    public int? Generation { get; init; }

    /// <summary>A seamless server's spool directory.</summary>
    public string? Spool { get; init; }

    /// <summary>What the server says of itself.</summary>
    public string? StatusText { get; init; }

    /// <summary>How the last server ended, in words.</summary>
    public string? LastEnd { get; init; }

    /// <summary>The sockets of --listen.</summary>
    public IReadOnlyList<string> Listening { get; init; } = [];

    /// <summary>How many messages to the notify socket were refused.</summary>
    public long Refused { get; init; }

    /// <summary>How often the angel has rebooted itself.</summary>
    public int SelfReboots { get; init; }
}

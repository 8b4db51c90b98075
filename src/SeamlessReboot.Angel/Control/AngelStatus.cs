namespace SeamlessReboot.Angel.Control;

/// <summary>What "status" is told. Stand-in until the core is merged.</summary>
internal sealed record AngelStatus
{
    public string Name { get; init; } = "";

    public string State { get; init; } = "";

    public int AngelPid { get; init; }

    /// <summary>0 while no server runs.</summary>
    public int ChildPid { get; init; }

    /// <summary>When the server was started; while none runs, when the last one ended.</summary>
    public DateTimeOffset? Since { get; init; }

    public int Restarts { get; init; }

    /// <summary>Deaths that count towards the limit.</summary>
    public int RecentDeaths { get; init; }

    public int FdsHeld { get; init; }

    public string LastWords { get; init; } = "";

    public IReadOnlyList<string> Command { get; init; } = [];

    /// <summary>"main" or "fallback".</summary>
    public string Release { get; init; } = "";

    /// <summary>Of a seamless server; null for others.</summary>
    public int? Generation { get; init; }

    public string? SpoolDirectory { get; init; }
}

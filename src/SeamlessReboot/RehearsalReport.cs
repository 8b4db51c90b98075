namespace SeamlessReboot;

/// <summary>What a rehearsal of the new release has shown. Immutable.</summary>
public sealed class RehearsalReport
{
    /// <summary>How far it was tried.</summary>
    public required RehearsalMode Mode { get; init; }

    /// <summary>Sessions whose state the new release has loaded.</summary>
    public int SessionsLoaded { get; init; }

    /// <summary>Sessions whose state it could not load, and why. Without a state file: they are all still there.</summary>
    public IReadOnlyList<LostSession> SessionsNotLoaded { get; init; } = [];

    /// <summary>Sessions that were not tried, because they were at work when the copy was taken: "session 17"; the first ten.</summary>
    public IReadOnlyList<string> SessionsNotTried { get; init; } = [];

    /// <summary>From the start of the process to <see cref="Rebooter.Start"/>.</summary>
    public TimeSpan UntilStart { get; init; }

    /// <summary>From there to <see cref="Rebooter.Ready"/>: the application's own start-up.</summary>
    public TimeSpan UntilReady { get; init; }

    /// <summary>Inside <see cref="Rebooter.Ready"/>: state handed out to the application's callbacks.</summary>
    public TimeSpan Restoring { get; init; }

    /// <summary>How long everyone held still while the copy was taken.</summary>
    public TimeSpan Copying { get; init; }

    /// <summary>
    /// How long the pause of a reboot is going to be, by these figures. An estimate: the rehearsal shares the machine with the server.
    /// </summary>
    public TimeSpan ExpectedPause => Copying + UntilStart + UntilReady + Restoring;

    /// <summary>
    /// Why the rehearsal says nothing about the new release: it failed at something that only one process can have, as a port or a
    /// database. Null when it does. A reboot goes on then, and says so in the log.
    /// </summary>
    public string? Inconclusive { get; init; }
}

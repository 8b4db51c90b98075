namespace SeamlessReboot.CrashTests.Load;

/// <summary>How much of what.</summary>
internal sealed record LoadOptions
{
    public int Clients { get; init; } = 1000;

    /// <summary>Of all clients together, evenly spread.</summary>
    public int LinesPerSecond { get; init; } = 1000;

    /// <summary>When a client takes its line for lost and sends the next.</summary>
    public TimeSpan AnswerTimeout { get; init; } = TimeSpan.FromSeconds(2);

    /// <summary>Each says a line, is answered, and goes.</summary>
    public int NewcomersPerSecond { get; init; } = 20;

    /// <summary>They come when <see cref="Swarm.LetNewcomersCome"/> says so, not at once.</summary>
    public bool NewcomersLater { get; init; }

    /// <summary>From a newcomer's connect to the end of its connection; a server that hangs has to be found out and started again within it.</summary>
    public TimeSpan NewcomerLimit { get; init; } = TimeSpan.FromSeconds(30);
}

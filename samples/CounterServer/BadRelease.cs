namespace CounterServer;

/// <summary>
/// How this release fails to start: by --fail-start, or by a file FAULTS beside the assembly that holds the word. A test makes a bad
/// release by putting that file into a copy of a good one.
/// </summary>
internal sealed class BadRelease(string? fault)
{
    private const string FileName = "FAULTS";

    public static BadRelease Find(Options options)
    {
        string file = Path.Combine(AppContext.BaseDirectory, FileName);
        string? fault = options.FailStart ?? (options.AllowFaults && File.Exists(file) ? File.ReadAllText(file).Trim() : null);
        return fault is null or "throw" or "throw-early" or "container" or "exit" or "hang" or "state" or "sessions" or "session"
            ? new BadRelease(fault)
            : throw new ArgumentException($"--fail-start {fault}? It is throw, throw-early, container, exit, hang, state, sessions or session.");
    }

    /// <summary>Where Main begins.</summary>
    public void BeforeStart() => Throw("throw-early");

    /// <summary>Where the rebooter has started, and Ready is not yet called.</summary>
    public void AfterStart()
    {
        Throw("throw");
        if (fault == "container")
            Activator.CreateInstance(typeof(WorldService), "world.json"); // as a container does, which wraps what the constructor throws
        if (fault == "exit")
            Environment.Exit(0);
        if (fault == "hang")
            Thread.Sleep(Timeout.Infinite);
    }

    /// <summary>Where kept state is given back.</summary>
    public void WhenStateIsRestored() => CannotRead("state");

    /// <summary>Where a session is. With "session", it is only the first that cannot be read.</summary>
    public void WhenSessionIsRestored(long id)
    {
        CannotRead("sessions");
        if (id == 1)
            CannotRead("session");
    }

    private void Throw(string which)
    {
        if (fault == which)
            throw new InvalidOperationException("This release is broken.");
    }

    private void CannotRead(string which)
    {
        if (fault == which)
            throw new InvalidDataException("This release cannot read what the one before has written.");
    }

    [System.Diagnostics.CodeAnalysis.SuppressMessage("Performance", "CA1812", Justification = "Made by reflection.")]
    private sealed class WorldService
    {
        public WorldService(string file) => throw new FileNotFoundException($"The world file '{file}' is not there.", file);
    }
}

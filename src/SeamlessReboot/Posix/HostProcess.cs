namespace SeamlessReboot.Posix;

/// <summary>The seam to the process that is to be replaced: environment, arguments and exec. Tests put their own in its place.</summary>
internal class HostProcess
{
    private readonly byte[] _commandLine = ProcessStart.RawCommandLine(), _environment = ProcessStart.RawEnvironment();

    internal virtual int Pid => Environment.ProcessId;

    internal virtual long StartTime { get; } = ProcessStart.StartTime();

    /// <summary>The number of the first descriptor that a supervisor passes.</summary>
    internal virtual int FirstPassed => 3;

    internal virtual string? Variable(string name) => Environment.GetEnvironmentVariable(name);

    /// <summary>Reads a variable and erases it, so that no child gets it.</summary>
    internal virtual string? TakeVariable(string name)
    {
        string? value = Environment.GetEnvironmentVariable(name);
        if (value is not null)
            Environment.SetEnvironmentVariable(name, null);
        return value;
    }

    /// <summary>What a rehearsal is given: the state to rehearse with. It ends when whoever rehearses has gone.</summary>
    internal virtual Stream RehearsalInput() => RehearsalPipes.TakeInput();

    /// <summary>Says something to whoever rehearses, and to nobody else.</summary>
    internal virtual void TellRehearser(string line) => RehearsalPipes.Write(line);

    /// <summary>Ends the process at once: no finally, Dispose or ProcessExit runs.</summary>
    internal virtual void End(int code) => Libc.Exit(code);

    /// <summary>The real path of the running program; null where nobody knows it. Of one that was removed it leads nowhere.</summary>
    internal virtual string? Program() => ProcessStart.Program();

    internal virtual IReadOnlyList<byte[]> CommandLine() => ProcessStart.CommandLine(_commandLine);

    internal virtual List<byte[]> StartEnvironment() => ProcessStart.Environment(_environment);

    /// <summary>What the image before has held back; null in a test, whose host's signals are left alone.</summary>
    internal virtual HeldSignals? FindHeldSignals() => HeldSignals.Find();

    /// <summary>Null in a test, too.</summary>
    internal virtual SignalWatch? WatchSignals(ulong except, Func<string, Task?> onTermination) => SignalWatch.Begin(except, onTermination);

    /// <summary>Where the runtime puts its own files.</summary>
    internal virtual string TempDirectory => ProcessStart.TempDirectory();

    /// <summary>Replaces the process. Returns only by throwing.</summary>
    internal virtual void Execute(string path, IReadOnlyList<byte[]> arguments, IReadOnlyList<byte[]> environment) =>
        ProcessImage.Execute(path, arguments, environment);
}

namespace SeamlessReboot.Angel.Loop;

/// <summary>What comes out of the one queue.</summary>
internal abstract record AngelEvent;

/// <summary>A signal to the angel.</summary>
internal sealed record SignalArrived(int Signal) : AngelEvent;

/// <summary>SIGCHLD: one or more processes have ended.</summary>
internal sealed record ChildrenChanged : AngelEvent;

/// <summary>A descriptor that was waited for; it is not waited for again until that is asked for.</summary>
internal sealed record DescriptorReady(long Token, bool HungUp) : AngelEvent;

/// <summary>The time of an alarm has come.</summary>
internal sealed record AlarmsDue : AngelEvent;

/// <summary>The answer to a probe: null when all is well.</summary>
internal sealed record ProbeAnswered(int Pid, string? Fault) : AngelEvent;

/// <summary>--look-for has found its line.</summary>
internal sealed record LineFound(int Pid) : AngelEvent;

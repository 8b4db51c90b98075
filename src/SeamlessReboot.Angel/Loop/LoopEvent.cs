namespace SeamlessReboot.Angel.Loop;

/// <summary>What the queue of the loop holds: the raw input that the angel makes an <see cref="Event"/> of.</summary>
internal abstract record LoopEvent;

/// <summary>A signal to the angel.</summary>
internal sealed record SignalArrived(int Signal) : LoopEvent;

/// <summary>SIGCHLD: one or more processes have ended.</summary>
internal sealed record ChildrenChanged : LoopEvent;

/// <summary>A descriptor that was waited for; it is not waited for again until that is asked for.</summary>
internal sealed record DescriptorReady(long Token, bool HungUp) : LoopEvent;

/// <summary>The time of an alarm has come.</summary>
internal sealed record AlarmsDue : LoopEvent;

/// <summary>The answer to a probe: null when all is well.</summary>
internal sealed record ProbeAnswered(int Pid, string? Fault) : LoopEvent;

/// <summary>--look-for has found its line.</summary>
internal sealed record LineFound(int Pid) : LoopEvent;

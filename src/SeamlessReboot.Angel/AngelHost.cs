using Microsoft.Extensions.Logging;
using SeamlessReboot.Angel.SelfReboot;

namespace SeamlessReboot.Angel;

/// <summary>What the program that hosts the angel gives it, and is notified of.</summary>
internal sealed class AngelHost
{
    /// <summary>The sockets of --listen, in this order from descriptor 3 up in the child.</summary>
    public IReadOnlyList<HeldListener> Listeners { get; init; } = [];

    /// <summary>More variables for the child's environment: EINHORN_FDS and its like.</summary>
    public IReadOnlyDictionary<string, string> Variables { get; init; } = new Dictionary<string, string>();

    /// <summary>Called once, when a child is ready for the first time; with a sentence.</summary>
    public Action<string> WhenReady { get; init; } = _ => { };

    /// <summary>Called once, when the angel ends before any child was ready; with the exit code and what the child has said.</summary>
    public Action<int, string> WhenFailed { get; init; } = (_, _) => { };

    /// <summary>The angel's log. What it throws is swallowed.</summary>
    public Action<LogLevel, string> Log { get; init; } = (level, text) => Console.Error.WriteLine($"seamless-angel: {level}: {text}");

    /// <summary>Descriptors of the host that cross the angel's own reboot, by name: the locked PID file.</summary>
    public IReadOnlyDictionary<string, int> KeptOpen { get; init; } = new Dictionary<string, int>();

    /// <summary>What the angel before this one has handed over; null at a cold start.</summary>
    public Handover? Handover { get; init; }
}

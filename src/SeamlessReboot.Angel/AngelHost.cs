using Microsoft.Extensions.Logging;
using SeamlessReboot.Angel.Handing;

namespace SeamlessReboot.Angel;

/// <summary>What the program around the angel gives it, and is told by it. Stand-in until the core is merged.</summary>
internal sealed class AngelHost
{
    public IReadOnlyList<HeldListener> Listeners { get; init; } = [];

    public IReadOnlyDictionary<string, string> Variables { get; init; } = new Dictionary<string, string>();

    public Action<string> WhenReady { get; init; } = _ => { };

    public Action<int, string> WhenFailed { get; init; } = (_, _) => { };

    public Action<LogLevel, string> Log { get; init; } = (_, _) => { };

    public IReadOnlyDictionary<string, int> KeptOpen { get; init; } = new Dictionary<string, int>();

    public Handover? Handover { get; init; }
}

namespace SeamlessReboot.Angel.Handing;

/// <summary>Stand-in until the core is merged: what an angel that replaces itself by its new version hands over.</summary>
internal sealed record Handover(string RuntimeDirectory, IReadOnlyList<HeldListener> Listeners, IReadOnlyDictionary<string, int> KeptOpen)
{
    /// <summary>Null at a cold start.</summary>
    internal static Handover? Take() => null;
}

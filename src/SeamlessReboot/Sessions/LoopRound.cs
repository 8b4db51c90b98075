namespace SeamlessReboot;

/// <summary>
/// One round of a loop with a safe point, as a mark on the flow that runs it, so that the gate knows who comes. Tasks that the loop
/// starts in that round carry the mark too; the loop's next round has another.
/// </summary>
internal sealed class LoopRound(SafePoint point)
{
    private static readonly AsyncLocal<LoopRound?> _current = new();

    internal static LoopRound? Current
    {
        get => _current.Value;
        set
        {
            if (_current.Value != value)
                _current.Value = value;
        }
    }

    internal SafePoint Point { get; } = point;
}

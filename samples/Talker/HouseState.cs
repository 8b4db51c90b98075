using Talker.Reboots;

namespace Talker;

/// <summary>What is kept of the talker itself.</summary>
internal sealed class HouseState
{
    public DateTime StartedAt { get; init; }

    /// <summary>The names of those who are in.</summary>
    public IReadOnlyList<string> Inside { get; init; } = [];

    public Countdown? Countdown { get; init; }
}

namespace Talker.Players;

/// <summary>What a player is writing.</summary>
internal enum DraftKind
{
    /// <summary>What others see when they look at the player.</summary>
    Description,

    /// <summary>Mail.</summary>
    Mail,
}

using Talker.Players;

namespace Talker.Commands;

/// <summary>Something a player can do.</summary>
/// <param name="Name">What one types.</param>
/// <param name="Arguments">Whether something has to follow.</param>
/// <param name="Syntax">What has to follow, as help shows it.</param>
/// <param name="Help">What it does, in a sentence or two.</param>
/// <param name="Run">Does it. Called in the player's own session.</param>
internal sealed record Command(string Name, Arguments Arguments, string Syntax, string Help, Action<Player, string> Run)
{
    public bool IsForAdmins { get; init; }

    public string Usage => Syntax.Length == 0 ? Name : $"{Name} {Syntax}";
}

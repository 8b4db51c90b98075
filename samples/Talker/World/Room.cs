namespace Talker.World;

/// <summary>A place to talk in.</summary>
/// <param name="Id">What it is called in exits and in the players' state.</param>
/// <param name="Name">How it is called when one is in it.</param>
/// <param name="Description">What one sees.</param>
/// <param name="Exits">The rooms next to it, by id.</param>
internal sealed record Room(string Id, string Name, string Description, IReadOnlyList<string> Exits);

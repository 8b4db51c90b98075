using Talker.Players;

namespace Talker.Commands;

/// <summary>Saying things.</summary>
internal static class TalkCommands
{
    public static IEnumerable<Command> All { get; } =
    [
        new("say", Arguments.Required, "TEXT", "Says it to everybody in the room. So does plain text, and 'TEXT.", Say),
        new("tell", Arguments.Required, "NAME TEXT", "Says it to one person, wherever they are.", Tell),
        new("shout", Arguments.Required, "TEXT", "Says it to everybody.", Shout),
        new("emote", Arguments.Required, "TEXT", "Shows the room what you do: 'emote yawns.' or ':yawns.'", Emote),
    ];

    private static void Say(Player player, string text)
    {
        player.Send($"You say: {text}");
        player.House.ToRoom(player.Room, $"{player.Name} says: {text}", except: player);
    }

    private static void Tell(Player player, string rest)
    {
        string[] parts = rest.Split(' ', 2, StringSplitOptions.TrimEntries);
        if (parts.Length < 2)
        {
            player.Send("Type it like this: tell NAME TEXT");
        }
        else if (player.House.Find(parts[0]) is Player other)
        {
            player.Send($"You tell {other.Name}: {parts[1]}");
            other.Send($"{player.Name} tells you: {parts[1]}");
        }
        else
        {
            player.Send($"Nobody called {parts[0]} is here.");
        }
    }

    private static void Shout(Player player, string text)
    {
        player.Send($"You shout: {text}");
        player.House.ToAll($"{player.Name} shouts: {text}", except: player);
    }

    private static void Emote(Player player, string text) =>
        player.House.ToRoom(player.Room, $"{player.Name} {text}");
}

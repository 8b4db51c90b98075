using Talker.Players;
using Talker.World;

namespace Talker.Commands;

/// <summary>Where one is, and who else.</summary>
internal static class PlaceCommands
{
    public static IEnumerable<Command> All { get; } =
    [
        new("look", Arguments.Optional, "[NAME]", "Shows the room, or a person.", Look),
        new("go", Arguments.Required, "EXIT", "Takes you to another room. The exit's name alone does, too.", Go),
        new("who", Arguments.None, "", "Shows who is here, where, and since when.", Who),
        new("idle", Arguments.Optional, "[NAME]", "Shows who has not typed anything for how long.", Idle),
        new("terminal", Arguments.None, "", "Shows what your client has said about itself.", Terminal),
        new("quit", Arguments.None, "", "Takes you out.", Quit),
    ];

    private static void Look(Player player, string name)
    {
        if (name.Length > 0)
        {
            LookAt(player, name);
            return;
        }

        Room room = player.Room;
        player.Send(room.Name);
        player.SendWrapped(room.Description);
        string[] others = [.. player.House.In(room).Where(p => p != player).Select(p => p.Name)];
        player.SendWrapped(others.Length == 0 ? "You are alone." : $"With you: {Layout.List(others)}.");
        player.Send($"Exits: {Layout.List(room.Exits)}.");
    }

    private static void LookAt(Player player, string name)
    {
        if (player.House.Find(name) is not Player other)
        {
            player.Send($"Nobody called {name} is here.");
            return;
        }

        IReadOnlyList<string> description = player.House.Accounts.Find(other.Name)?.Description ?? [];
        player.Send(description.Count == 0 ? $"{other.Name} has not said how they look." : $"{other.Name}:");
        foreach (string line in description)
            player.Send(line);
    }

    private static void Go(Player player, string exit)
    {
        Room from = player.Room;
        if (from.Exits.FirstOrDefault(e => e.Equals(exit, StringComparison.OrdinalIgnoreCase)) is not string id)
        {
            player.Send($"There is no way to '{exit}'. Exits: {Layout.List(from.Exits)}.");
            return;
        }

        player.House.Move(player, player.House.Map[id]);
        Look(player, "");
    }

    private static void Who(Player player, string rest)
    {
        IReadOnlyList<Player> players = player.House.Players;
        foreach (Player other in players)
        {
            player.Send($"{other.Name,-17}{other.Room.Name,-14}here for {Layout.Rough(DateTime.UtcNow - other.State.EnteredAt)}, "
                + $"idle for {Layout.Rough(other.IdleTime)}{(other.IsAdmin ? ", admin" : "")}");
        }

        player.Send($"Here: {players.Count}. The talker has been up for {Layout.Rough(DateTime.UtcNow - player.House.StartedAt)}, "
            + $"through {player.House.Reboots} reboots.");
    }

    private static void Idle(Player player, string name)
    {
        if (name.Length > 0)
        {
            player.Send(player.House.Find(name) is Player other
                ? $"{other.Name} has been idle for {Layout.Rough(other.IdleTime)}."
                : $"Nobody called {name} is here.");
            return;
        }

        foreach (Player one in player.House.Players.OrderByDescending(p => p.IdleTime))
            player.Send($"{one.Name,-17}{Layout.Rough(one.IdleTime)}");
    }

    private static void Terminal(Player player, string rest)
    {
        Telnet.TelnetState telnet = player.State.Telnet;
        player.Send(telnet.Width > 0
            ? $"Your client is {(telnet.Terminal.Length > 0 ? telnet.Terminal : "nameless")}, {telnet.Width} columns by {telnet.Height} lines."
            : "Your client has said nothing about itself.");
    }

    private static void Quit(Player player, string rest)
    {
        player.Send("Goodbye.");
        player.Leave();
    }
}

using Talker.Players;

namespace Talker.Commands;

/// <summary>Takes a player's line for what it is: a command, an exit, or speech.</summary>
internal sealed class CommandTable
{
    private readonly Dictionary<string, Command> _commands;

    public CommandTable(IEnumerable<Command> commands)
    {
        _commands = commands.Append(new Command("help", Arguments.Optional, "[COMMAND]", "Lists the commands, or says what one does.", Help))
            .ToDictionary(c => c.Name, StringComparer.OrdinalIgnoreCase);
    }

    public void Run(Player player, string line)
    {
        if (line.Length == 0)
            return;
        if (line[0] is '\'' or ':' && line.Length > 1)
        {
            _commands[line[0] == ':' ? "emote" : "say"].Run(player, line[1..].Trim());
            return;
        }

        // With a dot it is a command in any case, as on other talkers.
        bool isCommand = line[0] == '.' && line.Length > 1 && char.IsAsciiLetter(line[1]);
        string[] parts = line[(isCommand ? 1 : 0)..].Split(' ', 2, StringSplitOptions.TrimEntries);
        string rest = parts.Length > 1 ? parts[1] : "";
        if (_commands.TryGetValue(parts[0], out Command? command) && (isCommand || rest.Length == 0 || command.Arguments != Arguments.None))
            Run(player, command, rest);
        else if (isCommand)
            player.Send($"There is no command '{parts[0]}'. Type 'help' to see which there are.");
        else if (player.Room.Exits.Contains(line, StringComparer.OrdinalIgnoreCase))
            _commands["go"].Run(player, line);
        else
            _commands["say"].Run(player, line);
    }

    private static void Run(Player player, Command command, string rest)
    {
        if (command.IsForAdmins && !player.IsAdmin)
            player.Send("That is for admins.");
        else if (command.Arguments == Arguments.Required && rest.Length == 0)
            player.Send($"Type it like this: {command.Usage}");
        else
            command.Run(player, rest);
    }

    private void Help(Player player, string about)
    {
        if (_commands.TryGetValue(about, out Command? command))
        {
            player.Send(command.Usage);
            player.SendWrapped(command.Help);
            return;
        }

        if (about.Length > 0)
            player.Send($"There is no command '{about}'.");
        player.SendWrapped("What you type is said to everybody in the room, unless it is one of these: "
            + Layout.List(_commands.Values.Where(c => !c.IsForAdmins || player.IsAdmin).Select(c => c.Name).Order()) + ".");
        player.SendWrapped("An exit's name takes you there. 'text says text even if it begins with a command, :text is an emote. "
            + "'help COMMAND' says more about one.");
    }
}

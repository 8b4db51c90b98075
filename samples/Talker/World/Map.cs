namespace Talker.World;

/// <summary>All rooms, read from world.txt. A reboot into a build with another world.txt is how the world grows.</summary>
internal sealed class Map
{
    private readonly Dictionary<string, Room> _rooms = new(StringComparer.OrdinalIgnoreCase);

    private Map(IEnumerable<Room> rooms)
    {
        foreach (Room room in rooms)
        {
            Entrance ??= room;
            _rooms.Add(room.Id, room);
        }

        if (Entrance is null)
            throw new InvalidDataException("world.txt has no rooms.");
        foreach (Room room in _rooms.Values)
            if (room.Exits.FirstOrDefault(exit => !_rooms.ContainsKey(exit)) is string nowhere)
                throw new InvalidDataException($"world.txt: '{room.Id}' has an exit to '{nowhere}', and there is no such room.");
    }

    /// <summary>Where everybody comes in: the first room.</summary>
    public Room Entrance { get; }

    /// <summary>The room of this id; the entrance if a new version no longer has it.</summary>
    public Room this[string id] => _rooms.GetValueOrDefault(id, Entrance);

    public static Map Load()
    {
        using Stream stream = typeof(Map).Assembly.GetManifestResourceStream("world.txt")!;
        using StreamReader reader = new(stream);
        return new Map(reader.ReadToEnd().Split("\n\n", StringSplitOptions.RemoveEmptyEntries | StringSplitOptions.TrimEntries)
            .Where(block => block[0] == '[').Select(Parse));
    }

    private static Room Parse(string block)
    {
        string[] lines = block.Split('\n', StringSplitOptions.TrimEntries);
        int bracket = lines[0].IndexOf(']', StringComparison.Ordinal);
        const string Exits = "exits:";
        if (bracket < 2 || lines.Length < 3 || !lines[^1].StartsWith(Exits, StringComparison.Ordinal))
            throw new InvalidDataException($"world.txt: '{lines[0]}' is no room. A room is '[id] Name', a description, and 'exits: id, id'.");
        return new Room(lines[0][1..bracket], lines[0][(bracket + 1)..].Trim(), string.Join(' ', lines[1..^1]),
            lines[^1][Exits.Length..].Split(',', StringSplitOptions.TrimEntries | StringSplitOptions.RemoveEmptyEntries));
    }
}

using System.Text;

namespace PolledLoop;

/// <summary>Who plays, and what the loop does for them in a round.</summary>
internal sealed class Game
{
    private readonly Lock _gate = new();
    private readonly HashSet<Player> _players = [];

    /// <summary>Called by the login; again by one that is resumed.</summary>
    public void Join(Player player)
    {
        lock (_gate)
            _players.Add(player);
    }

    // snippet: round
    public void PlayRound()
    {
        foreach (Player player in Players())
        {
            while (player.Connection.TryReadLine(out string? line))
                Act(player, line);
            if (player.Connection.IsInputOver)
                Remove(player);
        }
    }

    private static void Act(Player player, string line) =>
        player.Connection.TryWrite(Encoding.UTF8.GetBytes($"{player.State.Name} {++player.State.Count}: {line}\r\n"));
    // end snippet

    private void Remove(Player player)
    {
        lock (_gate)
            _players.Remove(player);
        player.Leave();
    }

    private Player[] Players()
    {
        lock (_gate)
            return [.. _players];
    }
}

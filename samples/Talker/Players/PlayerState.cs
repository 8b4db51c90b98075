using Talker.Accounts;
using Talker.Telnet;

namespace Talker.Players;

/// <summary>
/// All that is known of a player, and carried over reboots. An older and a newer version read it too: add members, and do not
/// rename them.
/// </summary>
internal sealed class PlayerState
{
    public Stage Stage { get; set; }

    /// <summary>As typed at the login prompt; proven only from <see cref="Stage.Playing"/> on.</summary>
    public string Name { get; set; } = "";

    public bool IsAdmin { get; set; }

    /// <summary>Wrong passwords on this connection.</summary>
    public int Attempts { get; set; }

    /// <summary>Between choosing a password and confirming it; never the password itself.</summary>
    public PasswordHash? Chosen { get; set; }

    public string Room { get; set; } = "";

    public DateTime ConnectedAt { get; init; }

    public DateTime EnteredAt { get; set; }

    public DateTime LastLineAt { get; set; }

    public Draft? Draft { get; set; }

    public Flood Flood { get; init; } = new();

    public TelnetState Telnet { get; init; } = new();
}

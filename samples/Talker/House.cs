using Microsoft.Extensions.Logging;
using SeamlessReboot;
using Talker.Accounts;
using Talker.Commands;
using Talker.Mail;
using Talker.Players;
using Talker.Reboots;
using Talker.World;

namespace Talker;

/// <summary>The talker: who is in, where they are, and who hears what. Thread-safe.</summary>
internal sealed class House
{
    private static readonly TimeSpan _loginTime = TimeSpan.FromMinutes(3);
    private readonly Lock _gate = new();
    private readonly List<Player> _players = []; // in the order in which they came in
    private readonly HashSet<string> _missing = []; // who was in before a reboot, and is not back
    private readonly Rebooter _rebooter;
    private readonly ILogger _log;

    public House(Rebooter rebooter, Options options, ILoggerFactory log)
    {
        _rebooter = rebooter;
        _log = log.CreateLogger("Talker");
        Accounts = new AccountStore(Path.Combine(options.Data, "accounts"));
        Mail = new MailStore(Path.Combine(options.Data, "mail"));
        Desk = new RebootDesk(this, rebooter, options.Spool);
    }

    public Map Map { get; } = Map.Load();

    public AccountStore Accounts { get; }

    public MailStore Mail { get; }

    public RebootDesk Desk { get; }

    public CommandTable Commands { get; } = new([.. TalkCommands.All, .. PlaceCommands.All, .. WritingCommands.All, .. AdminCommands.All]);

    /// <summary>How many passwords are hashed at a time: a crowd at the door must not take all processors.</summary>
    public SemaphoreSlim Hashing { get; } = new(Math.Max(1, Environment.ProcessorCount / 2));

    public DateTime StartedAt { get; private set; } = DateTime.UtcNow;

    public int Reboots => _rebooter.Generation;

    public IReadOnlyList<Player> Players
    {
        get
        {
            lock (_gate)
                return [.. _players];
        }
    }

    public HouseState Save() => new() { StartedAt = StartedAt, Inside = [.. Players.Select(p => p.Name)], Countdown = Desk.Countdown };

    public void Load(HouseState state)
    {
        StartedAt = state.StartedAt;
        _missing.UnionWith(state.Inside);
        Desk.Countdown = state.Countdown;
    }

    /// <summary>Somebody whom the image before has left: back to where they were, without a word.</summary>
    public Player Restore(RestoredSession saved)
    {
        Player player = new(this, saved.OpenConnection(Player.Limits), saved.ReadState<PlayerState>());
        if (!player.IsIn)
            return player;
        lock (_gate)
        {
            _missing.Remove(player.Name);
            _players.Insert(_players.TakeWhile(p => p.State.EnteredAt <= player.State.EnteredAt).Count(), player);
        }

        return player;
    }

    /// <summary>Called when everybody is back: who is not, because their state did not load, has left as far as the others are concerned.</summary>
    public void MissTheLost()
    {
        foreach (string name in _missing)
            ToAll($"*** {name} has left. ***");
        _missing.Clear();
    }

    public void Enter(Player player)
    {
        lock (_gate)
        {
            Player? before = _players.Find(p => p.Name == player.Name);
            player.State.Stage = Stage.Playing;
            player.State.Room = before?.State.Room ?? Map.Entrance.Id;
            if (before is null)
            {
                ToAll($"*** {player.Name} has come in. ***");
            }
            else
            {
                before.Close("You have come in on another connection. This one is closed.");
                _players.Remove(before);
            }

            _players.Add(player);
        }
    }

    public void Leave(Player player)
    {
        lock (_gate)
        {
            if (_players.Remove(player))
                ToAll($"*** {player.Name} has left. ***");
        }
    }

    public void Move(Player player, Room room)
    {
        lock (_gate)
        {
            ToRoom(player.Room, $"{player.Name} leaves for: {room.Name}.", except: player);
            ToRoom(room, $"{player.Name} comes in from: {player.Room.Name}.", except: player);
            player.State.Room = room.Id;
        }
    }

    public Player? Find(string name)
    {
        lock (_gate)
            return _players.Find(p => p.Name.Equals(name, StringComparison.OrdinalIgnoreCase));
    }

    public IReadOnlyList<Player> In(Room room)
    {
        lock (_gate)
            return [.. _players.Where(p => p.Room == room)];
    }

    public void ToRoom(Room room, string line, Player? except = null)
    {
        lock (_gate)
            foreach (Player player in _players)
                if (player != except && player.Room == room)
                    player.Send(line);
    }

    public void ToAll(string line, Player? except = null)
    {
        lock (_gate)
            foreach (Player player in _players)
                if (player != except)
                    player.Send(line);
    }

    public void Log(Player player, Exception failure) => TalkerLog.FilesFailed(_log, player.Name, failure);

    /// <summary>Once a second, what no player does: the countdown, and who has been standing at the door for too long.</summary>
    public async Task RunClockAsync(CancellationToken stopping)
    {
        using PeriodicTimer second = new(TimeSpan.FromSeconds(1));
        while (await second.WaitForNextTickAsync(stopping))
        {
            _rebooter.Heartbeat();
            // A reboot waits for those inside, so that it does not come between a line said to half of the players and the rest.
            using (await _rebooter.EnterAsync(stopping))
            {
                Desk.Tick();
                foreach (Player player in _rebooter.GetSessions().Cast<Player>())
                    if (!player.IsIn && DateTime.UtcNow - player.State.ConnectedAt > _loginTime)
                        player.Close("You took too long. Goodbye.");
            }
        }
    }
}

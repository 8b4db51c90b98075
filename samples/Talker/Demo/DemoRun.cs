using System.Diagnostics;
using System.Globalization;
using System.Runtime.InteropServices;
using Talker.Accounts;
using Talker.Telnet;

namespace Talker.Demo;

/// <summary>30 players talk through three reboots and a crash; every byte that reaches them is checked.</summary>
internal sealed class DemoRun : IDisposable
{
    private const int CheapIterations = 1000; // these accounts live for seconds
    private static readonly TimeSpan _limit = TimeSpan.FromSeconds(60);
    private static readonly string[] _rooms = ["square", "tavern", "garden", "library"];
    private static readonly string[] _names =
    [
        "Ada", "Bela", "Carlo", "Dora", "Emil", "Frida", "Gustav", "Hedda", "Ivo", "Jana", "Karel", "Lotte", "Milo", "Nora", "Otto", "Pia",
        "Quint", "Rosa", "Sven", "Tilda", "Ugo", "Vera", "Willem", "Xenia", "Yann", "Zoe", "Anton", "Berta", "Cyril", "Delia",
    ];

    private readonly int _seed;
    private readonly Ledger _ledger = new();
    private readonly Company _company;
    private readonly List<(Interruption What, RebootFigures Figures)> _reboots = [];

    private DemoRun(int seed)
    {
        _seed = seed;
        _company = new Company([.. _names.Select((name, i) => new DemoPlayer(name, i, _ledger))]);
    }

    private DemoPlayer Admin => _company.Players[0];

    /// <summary>Stands at the password prompt all the time, with half of the password typed.</summary>
    private DemoPlayer Waiter => _company.Players[^1];

    /// <returns>The exit code: 0 if nothing was lost.</returns>
    public static async Task<int> RunAsync(int? seed)
    {
        using DemoRun demo = new(seed ?? Random.Shared.Next(1_000_000));
        using TalkerProcess talker = new();
        using PosixSignalRegistration interrupt = PosixSignalRegistration.Create(PosixSignal.SIGINT, demo.Stop);
        using PosixSignalRegistration terminate = PosixSignalRegistration.Create(PosixSignal.SIGTERM, demo.Stop);
        using Timer watchdog = new(_ => demo._ledger.Fail($"It was not over after {_limit.TotalSeconds:0} seconds."), null, _limit, Timeout.InfiniteTimeSpan);
        Stopwatch time = Stopwatch.StartNew();
        try
        {
            await demo.PlayAsync(talker);
        }
        catch (Exception e) when (demo._ledger.Failures.Count > 0 && e is OperationCanceledException or System.Net.Sockets.SocketException)
        {
            // What went wrong is in the ledger.
        }
        catch (InvalidOperationException e)
        {
            demo._ledger.Fail(e.Message);
        }

        return demo.Report(talker, time.Elapsed);
    }

    public void Dispose()
    {
        foreach (DemoPlayer player in _company.Players)
            player.Dispose();
        _ledger.Dispose();
    }

    private async Task PlayAsync(TalkerProcess talker)
    {
        int port = await talker.StartAsync(_ledger.Failed);
        Console.WriteLine($"A talker was started as process {talker.Id}. {_company.Players.Count} players come in ...");
        await ComeInAsync(talker, port);
        Dictionary<DemoPlayer, Chatter> talkers = _company.Inside.Where(p => p != Admin)
            .Select((p, i) => (Player: p, Chatter: new Chatter(p, _company, _seed + i))).ToDictionary(t => t.Player, t => t.Chatter);
        Random random = new(_seed);
        foreach (Interruption interruption in Enum.GetValues<Interruption>())
        {
            int saidBefore = _ledger.Said;
            (DemoPlayer player, Chatter chatter) = talkers.ElementAt(random.Next(talkers.Count));
            Writer? writer = interruption == Interruption.Force ? new Writer(player) : null;
            if (writer is not null)
                talkers.Remove(player);
            RebootFigures figures = await new Round(_company, Admin, _ledger, random).RunAsync(interruption, talkers, writer);
            talkers[player] = chatter;
            _reboots.Add((interruption, figures));
            Console.WriteLine(string.Create(CultureInfo.InvariantCulture,
                $"{interruption,-10} in the middle of {_ledger.Said - saidBefore} lines: a pause of {figures.Pause:0} ms, and nobody has noticed."));
            if (figures.Process != talker.Id || figures.Kept != _company.Players.Count || figures.Lost != 0 || figures.Generation != _reboots.Count)
                _ledger.Fail($"The talker says of its reboot: {figures}");
        }

        await CheckWaiterAsync();
        await CheckTelnetAsync();
        await GoAsync();
    }

    private async Task ComeInAsync(TalkerProcess talker, int port)
    {
        AccountStore accounts = new(Path.Combine(talker.Data, "accounts"));
        foreach (DemoPlayer player in _company.Players)
        {
            await player.ConnectAsync(port);
            if (player == Admin)
            {
                await player.DialogueAsync(player.Name, "New password: ");
                await player.DialogueAsync(player.Password, "The same again: ");
            }
            else
            {
                accounts.Create(player.Name, PasswordHash.Of(player.Password, CheapIterations));
                await player.DialogueAsync(player.Name, "Password: ");
            }

            if (player == Waiter)
                await player.SendAsync(System.Text.Encoding.UTF8.GetBytes(player.Password[..^2]));
            else
                await EnterAsync(player, player.Password);
        }

        foreach ((DemoPlayer player, string room) in _company.Inside.Select((p, i) => (p, _rooms[i % _rooms.Length])).ToArray())
            if (room != player.Room)
                await MoveAsync(player, room);
    }

    private async Task EnterAsync(DemoPlayer player, string password)
    {
        _company.ExpectAnnouncement($"{player.Name} has come in.");
        await player.DialogueAsync(password, "Exits: ");
        player.IsIn = true;
        await _ledger.WhenAllArrivedAsync().WaitAsync(_ledger.Failed);
    }

    private async Task MoveAsync(DemoPlayer player, string room)
    {
        foreach (DemoPlayer other in _company.Inside.Where(p => p != player))
        {
            if (other.Room == player.Room)
                _ = other.Inbox.Expect(player.Name, $"{player.Name} leaves for: The {char.ToUpperInvariant(room[0])}{room[1..]}.");
            else if (other.Room == room)
                _ = other.Inbox.Expect(player.Name, $"{player.Name} comes in from: The Square.");
        }

        player.Room = room;
        await player.DialogueAsync(room, "Exits: ");
        await _ledger.WhenAllArrivedAsync().WaitAsync(_ledger.Failed);
    }

    private async Task CheckWaiterAsync()
    {
        await Admin.AskAsync($"tell {Waiter.Name} hello", $"Nobody called {Waiter.Name} is here.");
        await EnterAsync(Waiter, Waiter.Password[^2..]);
        Console.WriteLine($"{Waiter.Name} was at the password prompt all the time, and has now typed the other half of the password.");
    }

    /// <summary>Negotiated once, at the beginning, and still known.</summary>
    private async Task CheckTelnetAsync()
    {
        const byte suppressGoAhead = 3;
        string[] expected =
        [
            $"{Iac.Do} {Iac.TerminalType}", $"{Iac.Do} {Iac.WindowSize}", $"{Iac.Wont} {suppressGoAhead}",
            $"{Iac.Begin} {Iac.TerminalType} {Iac.TerminalTypeSend} {Iac.Escape} {Iac.End}", $"{Iac.Will} {Iac.Echo}", $"{Iac.Wont} {Iac.Echo}",
        ];
        foreach (DemoPlayer player in _company.Players)
        {
            await player.AskAsync("terminal", player.Terminal);
            if (!player.Telnet.Negotiated.SequenceEqual(expected))
                _ledger.Fail($"{player.Name} was asked: {string.Join(", ", player.Telnet.Negotiated)}");
        }
    }

    // One after the other, so that everybody hears of all who leave before them: after the last there is nothing left to come.
    private async Task GoAsync()
    {
        foreach (DemoPlayer player in _company.Players)
        {
            _company.ExpectAnnouncement($"{player.Name} has left.", except: player);
            await player.QuitAsync();
            player.IsIn = false;
            await _ledger.WhenAllArrivedAsync().WaitAsync(_ledger.Failed);
        }
    }

    private int Report(TalkerProcess talker, TimeSpan time)
    {
        foreach (string failure in _ledger.Failures.Take(10))
            Console.WriteLine("WRONG: " + failure);
        int lost = _ledger.Outstanding;
        bool isGood = lost == 0 && _ledger.Failures.Count == 0;
        foreach (string missing in _company.Players.SelectMany(p => p.Inbox.Missing).Take(10))
            Console.WriteLine("MISSING: " + missing);
        if (!isGood)
            foreach (string line in talker.Log.TakeLast(40))
                Console.WriteLine("talker: " + line);
        string pauses = string.Join(", ", _reboots.Select(r => string.Create(CultureInfo.InvariantCulture, $"{r.What.ToString().ToLowerInvariant()} {r.Figures.Pause:0.0} ms")));
        bool sameProcess = _reboots.All(r => r.Figures.Process == talker.Id);
        Console.WriteLine();
        Console.WriteLine(string.Create(CultureInfo.InvariantCulture, $"""
            Players kept     {(_reboots.Count == 0 ? 0 : _reboots.Min(r => r.Figures.Kept))} of {_company.Players.Count}
            Lines said       {_ledger.Said}
            Lines delivered  {_ledger.Delivered}, each byte checked
            Lines lost       {lost}
            Pauses           {pauses}
            Process          {talker.Id}, {(sameProcess ? "the same from first to last" : "but not always")}
            Seed             {_seed}
            """));
        Console.WriteLine(string.Create(CultureInfo.InvariantCulture, $"{(isGood ? "Nothing was lost" : "FAILED")}, in {time.TotalSeconds:0.0} s."));
        return isGood ? 0 : 1;
    }

    private void Stop(PosixSignalContext context)
    {
        context.Cancel = true;
        _ledger.Fail("It was interrupted.");
    }
}

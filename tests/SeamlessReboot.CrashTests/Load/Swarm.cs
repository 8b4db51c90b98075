using System.Collections.Concurrent;
using System.Diagnostics;
using System.Net;

namespace SeamlessReboot.CrashTests.Load;

/// <summary>A thousand clients who stay, and others who come and go, while somebody kills the server. See <see cref="LoadClient"/> for what is checked.</summary>
internal sealed class Swarm : IAsyncDisposable
{
    private const int ConnectedAtOnce = 64;
    private readonly LoadOptions _options;
    private readonly LoadClient[] _clients;
    private readonly ConcurrentDictionary<long, object> _ids = new();
    private readonly ConcurrentQueue<Death> _deaths = new();
    private readonly CancellationTokenSource _stopping = new();
    private readonly Newcomers _newcomers;
    private Task _sending = Task.CompletedTask;
    private Task _coming = Task.CompletedTask;
    private long _answers;
    private long _lost;
    private long _slowest;
    private long _slowestOfLate;
    private long _mostForgotten;
    private long _rounds;

    private Swarm(EndPoint server, LoadOptions options)
    {
        _options = options;
        _clients = [.. Enumerable.Range(1, options.Clients).Select(i => new LoadClient(this, $"client-{i}", server.AddressFamily))];
        _newcomers = new Newcomers(this, server, options);
    }

    public Failures Failures { get; } = new();

    /// <summary>The last death of the server that was told.</summary>
    public Death? LastDeath { get; private set; }

    /// <summary>What <see cref="EveryoneIsServedAsync"/> waits for.</summary>
    public Round? Round { get; private set; }

    /// <summary>Connects everyone, and waits until each has been answered.</summary>
    public static async Task<Swarm> StartAsync(EndPoint server, LoadOptions options)
    {
        Swarm swarm = new(server, options);
        try
        {
            long now = Stopwatch.GetTimestamp(), interval = swarm.Interval;
            await Parallel.ForAsync(0, options.Clients, new ParallelOptions { MaxDegreeOfParallelism = ConnectedAtOnce },
                async (i, _) => await swarm._clients[i].ConnectAsync(server, now + (interval * i / options.Clients)));
            swarm._sending = Task.Factory.StartNew(swarm.Send, CancellationToken.None, TaskCreationOptions.LongRunning, TaskScheduler.Default);
            await swarm.EveryoneIsServedAsync();
            if (!options.NewcomersLater)
                swarm.LetNewcomersCome();
            return swarm;
        }
        catch
        {
            await swarm.DisposeAsync();
            throw;
        }
    }

    public void LetNewcomersCome() => _coming = _newcomers.ComeAsync(_stopping.Token);

    /// <summary>Waits until everyone has been answered to a line said from now on.</summary>
    /// <exception cref="TimeoutException">Somebody was not.</exception>
    public async Task EveryoneIsServedAsync()
    {
        Round round = new(++_rounds, Stopwatch.GetTimestamp(), _clients.Length);
        Round = round;
        try
        {
            await round.Over.WaitAsync(Limits.Wait);
        }
        catch (TimeoutException)
        {
            throw new TimeoutException($"Only {round.Served} of {_clients.Length} clients have been answered within {Limits.Wait.TotalSeconds} s. {Figures()}");
        }
    }

    /// <summary>A checkpoint is going to be asked for: what has been answered until now has to be in it.</summary>
    public void BeginCheckpoint() => Array.ForEach(_clients, c => c.BeginCheckpoint());

    /// <summary>It is complete: from now on no count may go back to less.</summary>
    public void EndCheckpoint() => Array.ForEach(_clients, c => c.EndCheckpoint());

    /// <summary>The server has just died.</summary>
    public Death Died()
    {
        Death death = new(Stopwatch.GetTimestamp());
        _deaths.Enqueue(death);
        LastDeath = death;
        return death;
    }

    public bool HasDiedSince(long moment) => LastDeath is Death last && last.At >= moment;

    /// <summary>Ends the load.</summary>
    public async Task<LoadReport> StopAsync()
    {
        await _stopping.CancelAsync();
        await Task.WhenAll(_sending, _coming).WaitAsync(Limits.Wait);
        return Figures();
    }

    public async ValueTask DisposeAsync()
    {
        await StopAsync();
        foreach (LoadClient client in _clients)
            client.Dispose();
        _stopping.Dispose();
    }

    /// <summary>One number, one client, for as long as it stays.</summary>
    public void Claim(long id, object who)
    {
        if (!_ids.TryAdd(id, who))
            Failures.Add($"{who} has the number of {_ids.GetValueOrDefault(id)}.");
    }

    public void Release(long id) => _ids.TryRemove(id, out _);

    public void Answered(long after)
    {
        Interlocked.Increment(ref _answers);
        Raise(ref _slowest, after);
        Raise(ref _slowestOfLate, after);
    }

    /// <summary>The longest that anybody has waited for an answer since this was asked last.</summary>
    public TimeSpan TakeSlowest() => Time(Interlocked.Exchange(ref _slowestOfLate, 0));

    public void Lost(int lines) => Interlocked.Add(ref _lost, lines);

    /// <summary>Begins anew to count what deaths take back.</summary>
    public void ForgetForgotten() => Volatile.Write(ref _mostForgotten, 0);

    public void Forgotten(long lines) => Raise(ref _mostForgotten, lines);

    private long Interval => Stopwatch.Frequency * _options.Clients / _options.LinesPerSecond;

    private void Send()
    {
        long timeout = (long)(_options.AnswerTimeout.TotalSeconds * Stopwatch.Frequency), interval = Interval;
        while (!_stopping.Token.WaitHandle.WaitOne(5)) // the lines' clock
        {
            long now = Stopwatch.GetTimestamp();
            foreach (LoadClient client in _clients)
                client.Tick(now, interval, timeout);
        }
    }

    private static void Raise(ref long most, long value)
    {
        long known = Volatile.Read(ref most);
        while (value > known && Interlocked.CompareExchange(ref most, value, known) is long other && other != known)
            known = other;
    }

    private static TimeSpan Time(long ticks) => TimeSpan.FromSeconds((double)ticks / Stopwatch.Frequency);

    private LoadReport Figures() => new()
    {
        Clients = _clients.Length,
        Connected = _clients.Count(c => c.IsConnected),
        Answers = Volatile.Read(ref _answers),
        LinesLost = Volatile.Read(ref _lost),
        MostForgotten = Volatile.Read(ref _mostForgotten),
        Slowest = Time(Volatile.Read(ref _slowest)),
        Newcomers = _newcomers.Come,
        NewcomersServed = _newcomers.Served,
        SlowestNewcomer = _newcomers.Slowest,
        Deaths = [.. _deaths],
        FailureCount = Failures.Count,
        Failures = Failures.First,
    };
}

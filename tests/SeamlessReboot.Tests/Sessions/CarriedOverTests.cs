using System.Net.Sockets;
using System.Text;
using SeamlessReboot.Tests.Support;

namespace SeamlessReboot.Tests.Sessions;

/// <summary>
/// One client, and on the other side a server that is rebooted at random moments, completely or called off: each byte arrives
/// exactly once and in order, in both directions, against a model that knows nothing of reboots.
/// </summary>
[Parallelizable(ParallelScope.All)]
internal sealed class CarriedOverTests
{
    private static readonly SessionConnectionOptions _options = new() { OutputLimit = 100_000 };

    [Test]
    public async Task Lines_split_at_random_bytes_come_out_whole([Range(1, 10)] int seed, [Values] Reading reading)
    {
        Random random = new(seed * 31 + (int)reading);
        string[] lines = [.. Enumerable.Range(0, 120).Select(_ => RandomLine(random))];
        using SocketPair pair = seed % 2 == 0 ? SocketPair.Unix() : SocketPair.Tcp(window: 4096);
        await using Server server = new(pair, reading, 0, random.Next());
        Task saying = SayInPiecesAsync(pair, Encoding.UTF8.GetBytes(string.Concat(lines.Select(l => l + (random.Next(2) == 0 ? "\n" : "\r\n")))), random.Next());
        await server.RebootUntilAsync(() => server.Lines.Count == lines.Length);
        await saying.Within();
        Assert.That(server.Lines, Is.EqualTo(lines));
    }

    [Test]
    public async Task A_slow_client_with_a_full_window_hears_every_byte_once_and_in_order([Range(1, 8)] int seed)
    {
        const int Calls = 60, PerCall = 40_000;
        Random random = new(seed);
        using SocketPair pair = SocketPair.Tcp(window: 4096);
        await using Server server = new(pair, Reading.Lines, PerCall, random.Next());
        Task saying = Task.Run(async () =>
        {
            for (int i = 0; i < Calls; i++)
            {
                pair.Say("go\n");
                await Task.Yield();
            }
        });
        Task<long> hearing = HearSlowlyAsync(pair, Calls * (long)PerCall, random.Next());
        await server.RebootUntilAsync(() => hearing.IsCompleted && server.Lines.Count == Calls);
        Assert.That(await hearing.Within(), Is.EqualTo(-1), "The first byte that is wrong.");
        await saying.Within();
        long rest = server.Said - Calls * (long)PerCall;
        Assert.That(Pattern.FirstWrong(await pair.HearAsync((int)rest), Calls * (long)PerCall), Is.EqualTo(-1));
        Assert.That(pair.HeardSoFar, Is.Zero);
    }

    private static string RandomLine(Random random)
    {
        StringBuilder line = new();
        int length = random.Next(20) == 0 ? random.Next(6000) : random.Next(30);
        for (int i = 0; i < length; i++)
            line.Append(random.Next(6) switch { 0 => "ü", 1 => "🎲", 2 => "€", _ => ((char)random.Next(' ', '~')).ToString() });
        return line.ToString();
    }

    private static async Task SayInPiecesAsync(SocketPair pair, byte[] bytes, int seed)
    {
        Random random = new(seed);
        for (int start = 0; start < bytes.Length;)
        {
            int count = Math.Min(random.Next(3) == 0 ? 1 : random.Next(1, 700), bytes.Length - start);
            start += await pair.Client.SendAsync(bytes.AsMemory(start, count));
            if (random.Next(4) == 0)
                await Task.Delay(random.Next(2));
        }
    }

    private static async Task<long> HearSlowlyAsync(SocketPair pair, long total, int seed)
    {
        Random random = new(seed);
        byte[] buffer = new byte[30_000];
        for (long position = 0; position < total;)
        {
            int count = await pair.Client.ReceiveAsync(buffer.AsMemory(0, (int)Math.Min(random.Next(1, buffer.Length), total - position))).Within();
            if (count == 0 || Pattern.FirstWrong(buffer.AsSpan(0, count), position) is >= 0 and long wrong && (position = wrong) >= 0)
                return position;
            position += count;
            if (random.Next(10) == 0)
                await Task.Delay(random.Next(3));
        }

        return -1;
    }

    public enum Reading
    {
        Lines,
        Stream,
        Pipe,
    }

    /// <summary>The images of one server, one after another. State that a real one would serialize is in its fields.</summary>
    private sealed class Server : IAsyncDisposable
    {
        private readonly List<Socket> _sockets = [];
        private readonly Reading _reading;
        private readonly int _bytesPerLine;
        private readonly Random _random;
        private SessionConnection _connection;
        private Task _running;
        private long _said;

        internal Server(SocketPair pair, Reading reading, int bytesPerLine, int seed)
        {
            _reading = reading;
            _bytesPerLine = bytesPerLine;
            _random = new Random(seed);
            _connection = new SessionConnection(pair.Server, _options);
            _running = Task.Run(() => RunAsync(_connection));
        }

        internal List<string> Lines { get; } = [];

        internal long Said => _said;

        internal async Task RebootUntilAsync(Func<bool> done)
        {
            using CancellationTokenSource limit = new(Limits.Long);
            while (!done() && !limit.IsCancellationRequested)
            {
                await Task.Delay(_random.Next(4), CancellationToken.None);
                Task quiet = _connection.SuspendAsync(limit.Token).AsTask();
                if (await Task.WhenAny(quiet, _running) == _running)
                    await _running; // a failed assertion
                await quiet;
                if (_random.Next(3) == 0)
                    Say(_connection); // a neighbour speaks while all are suspended
                if (_random.Next(4) == 0)
                {
                    _connection.Resume(); // called off early
                    continue;
                }

                SessionSnapshot snapshot = _connection.Capture(0);
                if (_random.Next(2) == 0)
                {
                    _connection.Resume(); // called off late
                    continue;
                }

                _sockets.Add(_connection.Socket);
                _connection = snapshot.Restore(_connection.Socket, _options);
                SessionConnection connection = _connection;
                connection.Resume();
                _running = Task.Run(() => RunAsync(connection));
            }
        }

        public async ValueTask DisposeAsync()
        {
            _connection.Dispose();
            await _running.Within();
            foreach (Socket socket in _sockets)
                socket.Dispose();
        }

        private async Task RunAsync(SessionConnection connection)
        {
            using StreamReader stream = new(connection.AsStream(), new UTF8Encoding(false), bufferSize: 200, leaveOpen: true);
            while (await (_reading switch
            {
                Reading.Lines => connection.ReadLineAsync().AsTask(),
                Reading.Stream => stream.ReadLineAsync(),
                _ => ReadFromPipeAsync(connection),
            }) is string line)
            {
                lock (Lines)
                    Lines.Add(line);
                if (_bytesPerLine > 0)
                    await AnswerAsync(connection);
            }
        }

        private static async Task<string?> ReadFromPipeAsync(SessionConnection connection)
        {
            while (true)
            {
                System.IO.Pipelines.ReadResult result = await connection.Input.ReadAsync();
                byte[] bytes = [.. System.Buffers.BuffersExtensions.ToArray(result.Buffer)];
                int end = Array.IndexOf(bytes, (byte)'\n');
                if (end >= 0)
                {
                    connection.Input.AdvanceTo(result.Buffer.GetPosition(end + 1));
                    return Encoding.UTF8.GetString(bytes, 0, end).TrimEnd('\r');
                }

                connection.Input.AdvanceTo(result.Buffer.Start, result.Buffer.End);
                if (result.IsCompleted)
                    return null;
            }
        }

        private async Task AnswerAsync(SessionConnection connection)
        {
            byte[] bytes = Pattern.Bytes(_said, _bytesPerLine);
            _said += bytes.Length;
            if (bytes[0] % 2 == 0)
                await connection.WriteAsync(bytes);
            else
                await connection.Output.WriteAsync(bytes);
        }

        private void Say(SessionConnection connection)
        {
            // Part of the stream of answers: the client hears no difference.
            if (_bytesPerLine == 0 || _said == 0)
                return;
            int less = _random.Next(1, 3000);
            Assert.That(connection.TryWrite(Pattern.Bytes(_said, less)));
            _said += less;
        }
    }
}

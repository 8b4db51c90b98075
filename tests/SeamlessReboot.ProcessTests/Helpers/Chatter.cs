using System.Text;
using System.Threading.Channels;

namespace SeamlessReboot.ProcessTests.Helpers;

/// <summary>A client that goes on talking: pipelined lines, cut at random bytes, every answer checked.</summary>
internal sealed class Chatter
{
    private const int MostOpenLines = 100;
    private readonly Client _client;
    private readonly Random _random;
    private readonly Channel<string> _open = Channel.CreateBounded<string>(MostOpenLines);
    private volatile bool _stop;
    private readonly Task _talking;
    private readonly Task _listening;

    private Chatter(Client client, int seed)
    {
        _client = client;
        _random = new Random(seed);
        _listening = ListenAsync();
        _talking = TalkAsync();
    }

    public static Chatter Start(Client client, int seed) => new(client, seed);

    /// <summary>Ends the last line and waits for its answer.</summary>
    /// <returns>How many lines were said and answered, all.</returns>
    public async Task<long> StopAsync()
    {
        _stop = true;
        await Task.WhenAll(_talking, _listening);
        return _client.Lines;
    }

    private async Task TalkAsync()
    {
        do
        {
            StringBuilder burst = new();
            for (int i = _random.Next(1, 6); i > 0; i--)
            {
                string line = NewLine();
                await _open.Writer.WriteAsync(line);
                burst.Append(line).Append('\n');
            }

            ReadOnlyMemory<byte> bytes = Encoding.UTF8.GetBytes(burst.ToString());
            while (!bytes.IsEmpty)
            {
                int piece = _random.Next(1, Math.Min(bytes.Length, 200) + 1);
                await _client.SendAsync(bytes[..piece]);
                bytes = bytes[piece..];
                await Task.Delay(_random.Next(0, 15)); // its pace, not a wait for anything
            }
        }
        while (!_stop);

        _open.Writer.Complete();
    }

    private async Task ListenAsync()
    {
        await foreach (string line in _open.Reader.ReadAllAsync())
            await _client.ExpectAnswerAsync(line);
    }

    // Bytes of two and of four, so that a cut can go through a character.
    private string NewLine()
    {
        const string Letters = "abcdefghijklmnopqrstuvwxyz 0123456789äöü";
        StringBuilder line = new("l");
        for (int i = _random.Next(0, 150); i > 0; i--)
            line.Append(i % 40 == 0 ? "\U0001F600" : Letters[_random.Next(Letters.Length)]);
        return line.ToString();
    }
}

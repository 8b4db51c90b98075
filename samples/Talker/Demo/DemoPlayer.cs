using System.Net;
using System.Net.Sockets;
using System.Text;
using Talker.Telnet;

namespace Talker.Demo;

/// <summary>A scripted player: a real TCP connection, and the model of what has to come through it.</summary>
internal sealed class DemoPlayer(string name, int number, Ledger ledger) : IDisposable
{
    private const byte SuppressGoAhead = 3;
    private readonly Socket _socket = new(AddressFamily.InterNetwork, SocketType.Stream, ProtocolType.Tcp) { NoDelay = true };
    private readonly TelnetClient _telnet = new($"DEMO-{number}", (ushort)(226 + number), 40);
    private (string Beginning, TaskCompletionSource Seen)? _skipping;
    private bool _isLeaving;

    public string Name { get; } = name;

    public string Password { get; } = $"pass-{number}-ÿ漢";

    public string Room { get; set; } = "square";

    public bool IsIn { get; set; }

    public Inbox Inbox { get; } = new(name, ledger);

    public TelnetClient Telnet => _telnet;

    /// <summary>What 'terminal' has to answer, after any number of reboots.</summary>
    public string Terminal => $"Your client is DEMO-{number}, {226 + number} columns by 40 lines.";

    /// <summary>Completes when the server has closed the connection.</summary>
    public Task Reading { get; private set; } = Task.CompletedTask;

    public async Task ConnectAsync(int port)
    {
        await _socket.ConnectAsync(IPAddress.Loopback, port);
        Task prompt = SkipTo("Name: ");
        await SendAsync(new[] { Iac.Escape, Iac.Do, SuppressGoAhead });
        Reading = ReadAsync(); // from here on it answers, and the order of what is sent is the order of what is answered
        await prompt.WaitAsync(ledger.Failed);
    }

    /// <summary>Types a line of the login, where every word is known, and waits for what ends the answer.</summary>
    public async Task DialogueAsync(string line, string answer)
    {
        Task seen = SkipTo(answer);
        await SendLineAsync(line);
        await seen.WaitAsync(ledger.Failed);
    }

    /// <summary>Types a line, and waits for an answer of one line.</summary>
    public async Task<string> AskAsync(string line, string answer, bool isBeginning = false, string sender = "own")
    {
        Task<string> seen = Inbox.Expect(sender, answer, isBeginning);
        await SendLineAsync(line);
        return await seen.WaitAsync(ledger.Failed);
    }

    public Task SendLineAsync(string line) => SendAsync(Encoding.UTF8.GetBytes(line + "\r\n"));

    public async Task SendAsync(ReadOnlyMemory<byte> bytes) => await _socket.SendAsync(bytes, ledger.Failed);

    public async Task QuitAsync()
    {
        _isLeaving = true;
        await AskAsync("quit", "Goodbye.");
        await Reading.WaitAsync(ledger.Failed);
    }

    public void Dispose()
    {
        _isLeaving = true;
        _socket.Dispose();
    }

    private Task SkipTo(string beginning)
    {
        TaskCompletionSource seen = new(TaskCreationOptions.RunContinuationsAsynchronously);
        _skipping = (beginning, seen);
        return seen.Task;
    }

    private async Task ReadAsync()
    {
        byte[] buffer = new byte[4096];
        try
        {
            while (await _socket.ReceiveAsync(buffer) is > 0 and int count)
            {
                byte[] answer = _telnet.Take(buffer.AsSpan(0, count), OnLine);
                if (answer.Length > 0)
                    await SendAsync(answer);
            }

            if (!_isLeaving)
                ledger.Fail($"{Name} was disconnected.");
        }
        catch (Exception e) when (e is SocketException or InvalidDataException or ArgumentException or OperationCanceledException or ObjectDisposedException)
        {
            if (!_isLeaving)
                ledger.Fail($"{Name}'s connection: {e.Message}");
        }
    }

    private void OnLine(string line)
    {
        if (_skipping is not { } skipping)
        {
            Inbox.Receive(line);
        }
        else if (line.StartsWith(skipping.Beginning, StringComparison.Ordinal))
        {
            _skipping = null;
            skipping.Seen.SetResult();
        }
    }
}

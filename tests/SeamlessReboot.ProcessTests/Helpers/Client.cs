using System.Net;
using System.Net.Sockets;
using System.Text;

namespace SeamlessReboot.ProcessTests.Helpers;

/// <summary>A client over a real socket, that knows its number and its count once it has been answered, and checks every byte.</summary>
internal sealed class Client : IDisposable
{
    private readonly Socket _socket;
    private readonly byte[] _buffer = new byte[64 * 1024];
    private int _start;
    private int _end;

    private Client(Socket socket) => _socket = socket;

    /// <summary>The session's number; 0 before the first answer.</summary>
    public long Id { get; private set; }

    public long Lines { get; private set; }

    /// <summary>How many bytes <see cref="DiscardAsync"/> has read.</summary>
    public long Discarded { get; private set; }

    /// <summary>What a test wants to know this client by.</summary>
    public string Secret { get; set; } = "";

    /// <param name="endPoint">Where the server listens.</param>
    /// <param name="receiveBuffer">For a client whose window is to be full soon.</param>
    public static async Task<Client> ConnectAsync(EndPoint endPoint, int? receiveBuffer = null)
    {
        Socket socket = endPoint is UnixDomainSocketEndPoint
            ? new Socket(AddressFamily.Unix, SocketType.Stream, ProtocolType.Unspecified)
            : new Socket(endPoint.AddressFamily, SocketType.Stream, ProtocolType.Tcp) { NoDelay = true };
        if (receiveBuffer is int size)
            socket.ReceiveBufferSize = size;
        await socket.ConnectAsync(endPoint).WaitAsync(Limits.Wait);
        return new Client(socket);
    }

    public async Task SendAsync(ReadOnlyMemory<byte> bytes)
    {
        using CancellationTokenSource overdue = new(Limits.Wait);
        while (!bytes.IsEmpty)
            bytes = bytes[await _socket.SendAsync(bytes, overdue.Token)..];
    }

    public Task SendAsync(string text) => SendAsync(Encoding.UTF8.GetBytes(text));

    /// <summary>Completes when there is something to read. Takes nothing.</summary>
    public Task WaitForInputAsync() => _socket.ReceiveAsync(Memory<byte>.Empty).AsTask();

    /// <summary>Sends a line, and reads one.</summary>
    public async Task<string> AskAsync(string line)
    {
        await SendAsync(line + "\n");
        return await ReadLineAsync();
    }

    /// <summary>Sends a line and checks the answer.</summary>
    public async Task SayAsync(string line)
    {
        await SendAsync(line + "\n");
        await ExpectAnswerAsync(line);
    }

    /// <summary>Reads the answer to a line: right number, right count, right text.</summary>
    public async Task ExpectAnswerAsync(string line)
    {
        string answer = await ReadLineAsync();
        if (Id == 0)
            Id = long.Parse(answer.AsSpan(0, answer.IndexOf(' ', StringComparison.Ordinal)), provider: null);
        Assert.That(answer, Is.EqualTo($"{Id} {++Lines} {line}"));
    }

    /// <exception cref="EndOfStreamException">The connection has ended.</exception>
    public async Task<string> ReadLineAsync()
    {
        StringBuilder text = new();
        while (true)
        {
            int end = Array.IndexOf(_buffer, (byte)'\n', _start, _end - _start);
            text.Append(Encoding.UTF8.GetString(_buffer, _start, (end < 0 ? _end : end) - _start));
            _start = end < 0 ? _end : end + 1;
            if (end >= 0)
                return text.ToString();
            if (!await FillAsync())
                throw new EndOfStreamException($"The server has closed the connection after '{text}'.");
        }
    }

    /// <summary>Reads exactly this text, that need not end with a line.</summary>
    public async Task ExpectAsync(string text)
    {
        StringBuilder read = new();
        while (read.Length < text.Length)
        {
            if (_start == _end && !await FillAsync())
                break;
            int count = Math.Min(text.Length - read.Length, _end - _start);
            read.Append(Encoding.UTF8.GetString(_buffer, _start, count));
            _start += count;
        }

        Assert.That(read.ToString(), Is.EqualTo(text));
    }

    /// <summary>Reads to the end. A reset is an exception, not an end.</summary>
    public async Task<string> ReadToEndAsync()
    {
        StringBuilder text = new();
        do
        {
            text.Append(Encoding.UTF8.GetString(_buffer, _start, _end - _start));
            _start = _end;
        }
        while (await FillAsync());
        return text.ToString();
    }

    /// <summary>Reads whatever comes, and looks at none of it. After it this client is good for nothing else.</summary>
    public async Task DiscardAsync(CancellationToken stopping)
    {
        try
        {
            while (await _socket.ReceiveAsync(_buffer.AsMemory(), stopping) is int count and > 0)
                Discarded += count;
        }
        catch (OperationCanceledException)
        {
            // That is how it ends.
        }
    }

    /// <summary>Says that nothing more will be sent.</summary>
    public void EndSending() => _socket.Shutdown(SocketShutdown.Send);

    /// <summary>Vanishes with a reset.</summary>
    public void Reset()
    {
        _socket.LingerState = new LingerOption(true, 0);
        _socket.Dispose();
    }

    public void Dispose() => _socket.Dispose();

    private async Task<bool> FillAsync()
    {
        using CancellationTokenSource overdue = new(Limits.Wait);
        _start = 0;
        _end = 0;
        try
        {
            _end = await _socket.ReceiveAsync(_buffer.AsMemory(), overdue.Token);
        }
        catch (OperationCanceledException)
        {
            throw new TimeoutException($"Client {Id} has got no byte in time, after {Lines} answers.");
        }

        return _end > 0;
    }
}

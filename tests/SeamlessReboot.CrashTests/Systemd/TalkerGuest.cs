using System.Net;
using System.Net.Sockets;
using System.Text;

namespace SeamlessReboot.CrashTests.Systemd;

/// <summary>A guest of the Talker, with a client that knows no telnet options.</summary>
internal sealed class TalkerGuest : IDisposable
{
    private const byte EscapeOption = 255;
    private readonly Socket _socket = new(AddressFamily.InterNetwork, SocketType.Stream, ProtocolType.Tcp) { NoDelay = true };
    private readonly StringBuilder _unseen = new();
    private int _optionBytes;

    /// <summary>Comes in under a name that nobody has yet.</summary>
    public static async Task<TalkerGuest> EnterAsync(IPEndPoint talker, string name)
    {
        TalkerGuest guest = new();
        await guest._socket.ConnectAsync(talker).WaitAsync(Limits.Wait);
        await guest.ReadToAsync("Name: ");
        await guest.SayAsync(name, "New password: ");
        await guest.SayAsync("correct horse", "The same again: ");
        await guest.SayAsync("correct horse", "Exits: ");
        return guest;
    }

    /// <summary>Types a line, and reads until the answer has come.</summary>
    public async Task SayAsync(string line, string answer)
    {
        await _socket.SendAsync(Encoding.UTF8.GetBytes(line + "\r\n"));
        await ReadToAsync(answer);
    }

    /// <exception cref="InvalidOperationException">The connection ends before it comes.</exception>
    public async Task ReadToAsync(string text)
    {
        using CancellationTokenSource overdue = new(Limits.Wait);
        byte[] buffer = new byte[4096];
        int at;
        while ((at = _unseen.ToString().IndexOf(text, StringComparison.Ordinal)) < 0)
        {
            int count;
            try
            {
                count = await _socket.ReceiveAsync(buffer.AsMemory(), overdue.Token);
            }
            catch (OperationCanceledException)
            {
                throw new TimeoutException($"The talker has not said '{text}', but: {_unseen}");
            }

            if (count == 0)
                throw new InvalidOperationException($"The connection has ended before '{text}', after: {_unseen}");
            foreach (byte b in buffer.AsSpan(0, count))
                Take(b);
        }

        _unseen.Remove(0, at + text.Length);
    }

    public void Dispose() => _socket.Dispose();

    // Options of three bytes; subnegotiations come only to those who ask for them.
    private void Take(byte b)
    {
        if (b == EscapeOption)
            _optionBytes = 3;
        if (_optionBytes > 0)
            _optionBytes--;
        else
            _unseen.Append((char)b);
    }
}

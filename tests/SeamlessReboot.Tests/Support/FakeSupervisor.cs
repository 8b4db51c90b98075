using System.Runtime.InteropServices;
using System.Text;
using SeamlessReboot.Posix;

namespace SeamlessReboot.Tests.Support;

/// <summary>Hears what a server says to its supervisor, holds what it is given, and passes it on to the next image.</summary>
internal sealed class FakeSupervisor : IDisposable
{
    private const int Unix = 1, Datagram = 2, CloseOnExec = 0x80000, Rights = 1;
    private const int MessageLimit = 4096, ControlLimit = 64;
    private const int CloseOnReceive = 0x40000000; // MSG_CMSG_CLOEXEC
    private static int _nextRange = 2000;
    private readonly int _socket;
    private readonly List<string> _messages = [];
    private readonly List<TaskCompletionSource> _listeners = [];
    private readonly Thread? _thread;
    private volatile bool _stopped;

    internal unsafe FakeSupervisor(string path, bool reads = true)
    {
        Path = path;
        _socket = socket(Unix, Datagram | CloseOnExec, 0);
        byte[] address = [1, 0, .. Encoding.UTF8.GetBytes(path), 0];
        fixed (byte* a = address)
            Assert.That(bind(_socket, a, address.Length), Is.Zero);
        _thread = new Thread(Read) { IsBackground = true };
        if (reads)
            _thread.Start();
    }

    internal string Path { get; }

    /// <summary>Name to descriptor, as a store would hold them.</summary>
    internal Dictionary<string, int> Held { get; } = [];

    internal string[] Messages
    {
        get
        {
            lock (_messages)
                return [.. _messages];
        }
    }

    internal Dictionary<string, string> Environment => new() { ["NOTIFY_SOCKET"] = Path, ["FDSTORE"] = "1000" };

    internal void StartReading() => _thread!.Start();

    /// <summary>Completes when a message like this has come, now or before.</summary>
    internal async Task HearsAsync(string part) => await HearsAsync(m => m.Any(x => x.Contains(part, StringComparison.Ordinal)), part);

    internal async Task HearsAsync(Func<string[], bool> enough, string what)
    {
        while (true)
        {
            TaskCompletionSource more = new(TaskCreationOptions.RunContinuationsAsynchronously);
            lock (_messages)
            {
                if (enough([.. _messages]))
                    return;
                _listeners.Add(more);
            }

            try
            {
                await more.Task.Within();
            }
            catch (TimeoutException)
            {
                Assert.Fail($"Never heard '{what}'. Heard: {string.Join(" | ", Messages)}");
            }
        }
    }

    /// <summary>A process as this supervisor would start the next one: with all that is held.</summary>
    internal FakeProcess Restart(Dictionary<string, int>? instead = null, string? names = null)
    {
        KeyValuePair<string, int>[] passed;
        lock (_messages)
            passed = [.. instead ?? Held];
        int first = Interlocked.Add(ref _nextRange, 100) - 100;
        for (int i = 0; i < passed.Length; i++)
            Assert.That(dup2(passed[i].Value, first + i), Is.EqualTo(first + i));
        FakeProcess process = new() { First = first };
        foreach ((string name, string value) in Environment)
            process.Variables[name] = value;
        process.Variables["LISTEN_PID"] = $"{process.Pid}";
        process.Variables["LISTEN_FDS"] = $"{passed.Length}";
        process.Variables["LISTEN_FDNAMES"] = names ?? string.Join(':', passed.Select(p => p.Key));
        return process;
    }

    public void Dispose()
    {
        if (_stopped)
            return;
        _stopped = true;
        using DatagramSender wake = DatagramSender.Open(Path)!;
        wake.Send("end", null, wait: false);
        if (_thread!.IsAlive)
            _thread.Join(5000);
        Fd.Close(_socket);
        File.Delete(Path);
        foreach (int fd in Held.Values)
            Fd.Close(fd);
    }

    private unsafe void Read()
    {
        byte* text = stackalloc byte[MessageLimit];
        byte* control = stackalloc byte[ControlLimit];
        while (!_stopped)
        {
            Libc.IoVector vector = new() { Base = text, Length = MessageLimit };
            Libc.MessageHeader header = new() { Vectors = &vector, VectorCount = 1, Control = control, ControlLength = ControlLimit };
            nint length = recvmsg(_socket, &header, CloseOnReceive);
            if (length < 0)
                continue;
            int fd = header.ControlLength >= 20 && *(int*)(control + 12) == Rights ? *(int*)(control + 16) : -1;
            Take(Encoding.UTF8.GetString(text, (int)length), fd);
        }
    }

    private void Take(string message, int fd)
    {
        string? name = message.Split('\n').FirstOrDefault(l => l.StartsWith("FDNAME=", StringComparison.Ordinal))?[7..];
        lock (_messages)
        {
            _messages.Add(message);
            if (message.StartsWith("FDSTOREREMOVE", StringComparison.Ordinal) && Held.Remove(name!, out int old))
                Fd.Close(old);
            if (fd >= 0 && !Held.TryAdd(name!, fd))
                Fd.Close(fd);
            foreach (TaskCompletionSource listener in _listeners)
                listener.TrySetResult();
            _listeners.Clear();
        }
    }

    [DllImport("libc")]
    private static extern int socket(int domain, int type, int protocol);

    [DllImport("libc")]
    private static extern unsafe int bind(int fd, byte* address, int length);

    [DllImport("libc")]
    private static extern int dup2(int from, int to);

    [DllImport("libc")]
    private static extern unsafe nint recvmsg(int fd, Libc.MessageHeader* message, int flags);
}

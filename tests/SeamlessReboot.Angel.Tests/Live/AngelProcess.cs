using System.Diagnostics;
using System.Globalization;
using System.Net.Sockets;
using System.Text;
using System.Text.Json;
using System.Text.RegularExpressions;
using SeamlessReboot.Posix;

namespace SeamlessReboot.Angel.Tests.Live;

/// <summary>A running angel. Every wait has a limit, and what it throws holds all that angel and child have said.</summary>
internal sealed class AngelProcess : IAsyncDisposable
{
    public static readonly TimeSpan Limit = TimeSpan.FromSeconds(60);
    private readonly Process _process;
    private readonly string _directory;
    private readonly Lock _gate = new();
    private readonly List<string> _lines = [];
    private readonly Task _reading;
    private TaskCompletionSource _more = new(TaskCreationOptions.RunContinuationsAsynchronously);

    public AngelProcess(ProcessStartInfo info, string directory)
    {
        _directory = directory;
        info.RedirectStandardInput = info.RedirectStandardOutput = info.RedirectStandardError = true;
        _process = Process.Start(info)!;
        _reading = Task.WhenAll(ReadAsync(_process.StandardOutput), ReadAsync(_process.StandardError));
    }

    public int Pid => _process.Id;

    /// <summary>How many lines there have been: from here on is the future.</summary>
    public int Now
    {
        get
        {
            lock (_gate)
                return _lines.Count;
        }
    }

    /// <summary>All that angel and children have said, on both streams.</summary>
    public IReadOnlyList<string> Lines
    {
        get
        {
            lock (_gate)
                return [.. _lines];
        }
    }

    /// <summary>Waits for a line, among those from <paramref name="since"/> on.</summary>
    public async Task<Match> LineAsync([System.Diagnostics.CodeAnalysis.StringSyntax("Regex")] string pattern, int since = 0)
    {
        Regex regex = new(pattern);
        using CancellationTokenSource overdue = new(Limit);
        int seen = since;
        while (true)
        {
            Task more;
            lock (_gate)
            {
                for (; seen < _lines.Count; seen++)
                    if (regex.Match(_lines[seen]) is { Success: true } match)
                        return match;
                more = _more.Task;
            }

            Task first = await Task.WhenAny(more, _reading, Task.Delay(Timeout.Infinite, overdue.Token));
            if (overdue.IsCancellationRequested || (first == _reading && !more.IsCompleted))
                throw new TimeoutException($"{(first == _reading ? "The angel has ended" : "Time is over")} without the line: {pattern}\n{Transcript()}");
        }
    }

    /// <summary>Waits until a child takes commands.</summary>
    public async Task<FakeChild> ChildAsync(int since = 0)
    {
        Match match = await LineAsync(@"^fake listening (\d+)", since);
        return new FakeChild(int.Parse(match.Groups[1].Value, CultureInfo.InvariantCulture), _directory, this);
    }

    /// <summary>Writes to the standard input that the child has too.</summary>
    public async Task WriteAsync(string text)
    {
        await _process.StandardInput.WriteAsync(text);
        await _process.StandardInput.FlushAsync();
    }

    public void Send(int signal)
    {
        if (TestLibc.Kill(Pid, signal) != 0)
            throw new InvalidOperationException($"The angel is gone.\n{Transcript()}");
    }

    /// <summary>Asks over the control socket and waits for the answer.</summary>
    public async Task<JsonElement> AskAsync(string request)
    {
        using Socket socket = new(AddressFamily.Unix, SocketType.Stream, ProtocolType.Unspecified);
        await socket.ConnectAsync(new UnixDomainSocketEndPoint(Path.Combine(_directory, "run", "control"))).WaitAsync(Limit);
        await socket.SendAsync(Encoding.UTF8.GetBytes(request + "\n")).WaitAsync(Limit);
        using StreamReader reader = new(new NetworkStream(socket));
        try
        {
            string? line = await reader.ReadLineAsync().WaitAsync(Limit);
            return JsonDocument.Parse(line ?? throw new EndOfStreamException($"No answer to '{request}'.\n{Transcript()}")).RootElement.Clone();
        }
        catch (TimeoutException)
        {
            throw new TimeoutException($"No answer to '{request}' in time.\n{Transcript()}");
        }
    }

    public Task<JsonElement> StatusAsync() => AskAsync("status");

    /// <summary>Asks again until it is so; for what has no event.</summary>
    public async Task<JsonElement> StatusAsync(Predicate<JsonElement> so)
    {
        using CancellationTokenSource overdue = new(Limit);
        while (true)
        {
            JsonElement status = await StatusAsync();
            if (so(status))
                return status;
            if (overdue.IsCancellationRequested)
                throw new TimeoutException($"It is still not so: {status}\n{Transcript()}");
            await Task.Delay(20);
        }
    }

    public async Task<int> ExitCodeAsync()
    {
        try
        {
            await _process.WaitForExitAsync().WaitAsync(Limit);
            await _reading.WaitAsync(Limit);
        }
        catch (TimeoutException)
        {
            throw new TimeoutException($"The angel has not ended in time.\n{Transcript()}");
        }

        return _process.ExitCode;
    }

    public int DescriptorCount() => Directory.GetFiles($"/proc/{Pid}/fd").Length;

    public TimeSpan ProcessorTime()
    {
        _process.Refresh();
        return _process.TotalProcessorTime;
    }

    public string Transcript()
    {
        lock (_gate)
            return $"--- angel {Pid}\n{string.Join('\n', _lines.TakeLast(200))}\n---";
    }

    /// <summary>Ends it, and those that it or its children have started: by their numbers.</summary>
    public async ValueTask DisposeAsync()
    {
        if (!_process.HasExited)
        {
            _process.Kill();
            await _process.WaitForExitAsync().WaitAsync(Limit);
        }

        foreach (int pid in Family())
            _ = TestLibc.Kill(pid, 9);
        await Task.WhenAny(_reading, Task.Delay(TimeSpan.FromSeconds(5)));
        _process.Dispose();
    }

    /// <summary>Who is left of those that the test has started, and that they have: known by the temporary directory that they all inherit.</summary>
    private IEnumerable<int> Family()
    {
        byte[] mark = Encoding.UTF8.GetBytes($"TMPDIR={_directory}\0");
        foreach (string process in Directory.GetDirectories("/proc"))
            if (int.TryParse(Path.GetFileName(process), NumberStyles.None, CultureInfo.InvariantCulture, out int pid)
                && ProcFile.ReadAll(process + "/environ").AsSpan().IndexOf(mark) >= 0)
                yield return pid;
    }

    private async Task ReadAsync(StreamReader stream)
    {
        while (await stream.ReadLineAsync() is string line)
        {
            lock (_gate)
            {
                _lines.Add(line);
                _more.SetResult();
                _more = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
            }
        }
    }
}

using System.Diagnostics;
using System.Net;
using System.Text;

namespace SeamlessReboot.ProcessTests.Helpers;

/// <summary>A running server. Every wait has a limit, and what it throws holds all that the server has said.</summary>
internal sealed class ServerProcess : IAsyncDisposable
{
    private readonly Process _process;
    private readonly Lock _gate = new();
    private readonly List<ServerEvent> _events = [];
    private readonly StringBuilder _errors = new();
    private readonly Task _reading;
    private TaskCompletionSource _more = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private bool _ended;

    private ServerProcess(Process process)
    {
        _process = process;
        _reading = Task.WhenAll(ReadEventsAsync(), ReadErrorsAsync());
    }

    /// <summary>The process that was started. Where a shell was, it has replaced itself by the server.</summary>
    public int Pid => _process.Id;

    public ProcInfo Proc => new(Pid);

    /// <summary>The last "ready".</summary>
    public ServerEvent Ready { get; private set; } = null!;

    public int Port => Ready.Ports[0];

    public EndPoint EndPoint => new IPEndPoint(IPAddress.Loopback, Port);

    public string Errors
    {
        get
        {
            lock (_gate)
                return _errors.ToString();
        }
    }

    /// <summary>How many events there have been: from here on is the future.</summary>
    public int Now
    {
        get
        {
            lock (_gate)
                return _events.Count;
        }
    }

    public static ServerProcess Launch(ProcessStartInfo info)
    {
        info.RedirectStandardInput = info.RedirectStandardOutput = info.RedirectStandardError = true;
        return new ServerProcess(Process.Start(info)!);
    }

    /// <summary>Waits for "ready" of a generation; of any later one than the last seen if none is given.</summary>
    public async Task<ServerEvent> ReadyAsync(int? generation = null)
    {
        int after = Ready?.Generation ?? -1;
        return Ready = await EventAsync(e => e.Name == "ready" && (generation is int g ? e.Generation == g : e.Generation > after), "ready");
    }

    /// <summary>Waits for an event, among those from <paramref name="since"/> on.</summary>
    public Task<ServerEvent> EventAsync(Predicate<ServerEvent> which, string what, int since = 0) =>
        FindAsync(events => events.Skip(since).FirstOrDefault(e => which(e)), what);

    private async Task<ServerEvent> FindAsync(Func<IEnumerable<ServerEvent>, ServerEvent?> find, string what)
    {
        using CancellationTokenSource overdue = new(Limits.Wait);
        while (true)
        {
            Task more;
            lock (_gate)
            {
                if (find(_events) is ServerEvent found)
                    return found;
                if (_ended)
                    throw new InvalidOperationException($"The server has ended without: {what}.\n{Transcript()}");
                more = _more.Task;
            }

            try
            {
                await more.WaitAsync(overdue.Token);
            }
            catch (OperationCanceledException)
            {
                throw new TimeoutException($"The server has not said in time: {what}.\n{Transcript()}");
            }
        }
    }

    /// <summary>Waits until there have been so many events of a kind; returns how many there are.</summary>
    public async Task<int> CountAsync(Predicate<ServerEvent> which, int atLeast, string what)
    {
        await FindAsync(events => events.Where(e => which(e)).Skip(atLeast - 1).FirstOrDefault(), what);
        lock (_gate)
            return _events.Count(e => which(e));
    }

    public Task<ServerEvent> LogAsync(string logName, int since = 0) =>
        EventAsync(e => e.Name == "log" && e.LogName == logName, "log line " + logName, since);

    public IReadOnlyList<ServerEvent> Logs(string logName, int since = 0)
    {
        lock (_gate)
            return [.. _events.Skip(since).Where(e => e.Name == "log" && e.LogName == logName)];
    }

    /// <summary>How many events of this name there have been.</summary>
    public int CountOf(string name)
    {
        lock (_gate)
            return _events.Count(e => e.Name == name);
    }

    public void Send(Signal signal)
    {
        if (Libc.Kill(Pid, (int)signal) != 0)
            throw new InvalidOperationException($"Signal {signal} could not be sent.\n{Transcript()}");
    }

    /// <summary>Asks for a reboot by signal and waits for the next generation.</summary>
    public async Task<ServerEvent> RebootAsync()
    {
        int next = Ready.Generation + 1;
        Send(Signal.Hup);
        return await ReadyAsync(next);
    }

    /// <summary>Asks for a reboot by signal and waits until it has been called off.</summary>
    public Task<ServerEvent> RebootInVainAsync()
    {
        int since = Now;
        Send(Signal.Hup);
        return CalledOffAsync(since);
    }

    public Task<ServerEvent> CalledOffAsync(int since) => EventAsync(e => e.Name == "called-off", "called off", since);

    public int DescriptorCount() => Proc.Descriptors().Count;

    public async Task<int> ExitCodeAsync()
    {
        await _process.WaitForExitAsync().WaitAsync(Limits.Wait);
        await _reading.WaitAsync(Limits.Wait);
        return _process.ExitCode;
    }

    public string Transcript()
    {
        lock (_gate)
            return $"--- server {Pid}\n{string.Join('\n', _events)}\n--- its stderr\n{_errors}---";
    }

    /// <summary>Ends it as kill -9 does: this process alone, by its handle.</summary>
    public async Task KillAsync()
    {
        if (!_process.HasExited)
            _process.Kill();
        await ExitCodeAsync();
    }

    public async ValueTask DisposeAsync()
    {
        await KillAsync();
        _process.Dispose();
    }

    private async Task ReadEventsAsync()
    {
        while (await _process.StandardOutput.ReadLineAsync() is string line)
        {
            lock (_gate)
            {
                int start = line.IndexOf('{', StringComparison.Ordinal); // a terminal's control sequences may come before it
                if (start >= 0)
                    _events.Add(new ServerEvent(line[start..]));
                else
                    _errors.AppendLine(line);
                WakeWaiters();
            }
        }

        lock (_gate)
        {
            _ended = true;
            WakeWaiters();
        }
    }

    private async Task ReadErrorsAsync()
    {
        while (await _process.StandardError.ReadLineAsync() is string line)
            lock (_gate)
                _errors.AppendLine(line);
    }

    private void WakeWaiters()
    {
        _more.SetResult();
        _more = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
    }
}

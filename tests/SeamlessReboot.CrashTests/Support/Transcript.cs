using System.Text;

namespace SeamlessReboot.CrashTests.Support;

/// <summary>What has been printed, line by line, with waiting for what will be. Thread-safe.</summary>
internal sealed class Transcript
{
    private const int LongestText = 20_000;
    private readonly Lock _gate = new();
    private readonly List<string> _lines = [];
    private readonly List<ServerEvent> _events = [];
    private TaskCompletionSource _more = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private bool _ended;

    /// <summary>How many events there have been: from here on is the future.</summary>
    public int Now
    {
        get
        {
            lock (_gate)
                return _events.Count;
        }
    }

    public string Text
    {
        get
        {
            lock (_gate)
            {
                string text = new StringBuilder().AppendJoin('\n', _lines).ToString();
                return text.Length <= LongestText ? text : "..." + text[^LongestText..];
            }
        }
    }

    public async Task ReadAsync(StreamReader reader)
    {
        while (await reader.ReadLineAsync() is string line)
            Add(line);
    }

    public void Add(string line)
    {
        lock (_gate)
        {
            _lines.Add($"{TimeOnly.FromDateTime(DateTime.Now):HH:mm:ss.fff} {line}");
            if (line.StartsWith("{\"event\":", StringComparison.Ordinal))
                _events.Add(new ServerEvent(line));
            Wake();
        }
    }

    /// <summary>Nothing more will come.</summary>
    public void End()
    {
        lock (_gate)
        {
            _ended = true;
            Wake();
        }
    }

    /// <summary>Waits for an event, among those from <paramref name="since"/> on.</summary>
    /// <exception cref="TimeoutException">It has not come in time; the message has all that has.</exception>
    public async Task<ServerEvent> EventAsync(Predicate<ServerEvent> which, string what, int since = 0, TimeSpan? limit = null)
    {
        using CancellationTokenSource overdue = new(limit ?? Limits.Wait);
        while (true)
        {
            Task more;
            lock (_gate)
            {
                if (_events.Skip(since).FirstOrDefault(e => which(e)) is ServerEvent found)
                    return found;
                if (_ended)
                    throw new InvalidOperationException($"It has ended without: {what}.\n{Text}");
                more = _more.Task;
            }

            try
            {
                await more.WaitAsync(overdue.Token);
            }
            catch (OperationCanceledException)
            {
                throw new TimeoutException($"It has not said in time: {what}.\n{Text}");
            }
        }
    }

    /// <summary>Waits for a line that has this in it.</summary>
    public async Task LineAsync(string text)
    {
        using CancellationTokenSource overdue = new(Limits.Wait);
        while (true)
        {
            Task more;
            lock (_gate)
            {
                if (_lines.Exists(l => l.Contains(text, StringComparison.Ordinal)))
                    return;
                more = _more.Task;
            }

            try
            {
                await more.WaitAsync(overdue.Token);
            }
            catch (OperationCanceledException)
            {
                throw new TimeoutException($"It has not said in time: {text}.\n{Text}");
            }
        }
    }

    private void Wake()
    {
        _more.SetResult();
        _more = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
    }
}

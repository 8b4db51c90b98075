namespace Talker.Demo;

/// <summary>
/// The model of what one player has to receive: the lines of each sender, in that sender's order. What arrives has to be the
/// next line of somebody; so nothing can be lost, doubled, changed or overtaken unnoticed.
/// </summary>
internal sealed class Inbox(string owner, Ledger ledger)
{
    private readonly Lock _gate = new();
    private readonly Dictionary<string, Queue<Expected>> _bySender = [];
    private readonly HashSet<string> _arrived = [];

    public IReadOnlyList<string> Missing
    {
        get
        {
            lock (_gate)
                return [.. _bySender.Values.SelectMany(lines => lines.Select(e => $"{owner} has not received: {e.Line}"))];
        }
    }

    /// <summary>Has to be called before the line can be on its way.</summary>
    public Task<string> Expect(string sender, string line, bool isBeginning = false)
    {
        Expected expected = new(line, isBeginning);
        ledger.Expect();
        lock (_gate)
        {
            if (!_bySender.TryGetValue(sender, out Queue<Expected>? lines))
                _bySender.Add(sender, lines = new Queue<Expected>());
            lines.Enqueue(expected);
        }

        return expected.Seen.Task;
    }

    public void Receive(string line)
    {
        Expected? expected = null;
        string? wrong = null;
        lock (_gate)
        {
            foreach (Queue<Expected> lines in _bySender.Values)
            {
                if (lines.TryPeek(out Expected? next) && next.Matches(line))
                {
                    expected = lines.Dequeue();
                    break;
                }
            }

            if (expected is null)
                wrong = _bySender.Values.Any(lines => lines.Any(e => e.Matches(line))) ? "out of order"
                    : _arrived.Contains(line) ? "a second time" : "though nobody has said it";
            _arrived.Add(line);
        }

        if (wrong is not null)
        {
            ledger.Fail($"{owner} has received, {wrong}: {line}");
            return;
        }

        ledger.Arrived();
        expected!.Seen.SetResult(line);
    }
}

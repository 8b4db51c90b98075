using System.Diagnostics;
using System.Globalization;
using System.Net;
using System.Net.Sockets;
using System.Text;

namespace SeamlessReboot.CrashTests.Load;

/// <summary>
/// One client, that never leaves. It sends numbered lines, the next when the one before is answered or given up, and checks every
/// answer: its own number, its own words, in their order, none twice, and a count that goes on or back to a checkpoint, not further.
/// </summary>
internal sealed class LoadClient : IDisposable
{
    private const int LongestAnswer = 1024;
    private readonly Swarm _swarm;
    private readonly string _name;
    private readonly Socket _socket;
    private readonly Lock _gate = new();
    private readonly List<SentLine> _open = [];
    private readonly StringBuilder _answer = new();
    private long _number;
    private SentLine? _half;
    private long _dueAt;
    private long _count;
    private long _countBefore;
    private long _floor;
    private Death? _diedLast;
    private long _roundServed;
    private bool _ending;

    public LoadClient(Swarm swarm, string name, AddressFamily family)
    {
        _swarm = swarm;
        _name = name;
        _socket = new Socket(family, SocketType.Stream, ProtocolType.Tcp) { NoDelay = true };
    }

    /// <summary>The session's number; 0 before the first answer.</summary>
    public long Id { get; private set; }

    /// <summary>The connection is as it was.</summary>
    public bool IsConnected { get; private set; }

    public override string ToString() => $"{_name} (session {Id})";

    /// <summary>Connects, and sends its first line soon.</summary>
    public async Task ConnectAsync(EndPoint endPoint, long dueAt)
    {
        await _socket.ConnectAsync(endPoint).WaitAsync(Limits.Wait);
        IsConnected = true;
        _dueAt = dueAt;
        _ = Task.Run(ReceiveAsync);
    }

    /// <summary>Sends what is due. Called often, by one thread.</summary>
    public void Tick(long now, long interval, long timeout)
    {
        lock (_gate)
        {
            if (!IsConnected)
                return;
            if (_half is SentLine half)
            {
                Send(half.Text[half.Split!.Value..] + "\n");
                half.Ended = now;
                _half = null;
                return;
            }

            if (now < _dueAt || (_open.Count > 0 && now - _open[^1].Ended < timeout))
                return;
            _dueAt = Math.Max(_dueAt + interval, now - interval);
            SentLine line = SentLine.Make(_name, ++_number);
            line.Begun = now;
            line.Ended = now;
            _open.Add(line);
            if (line.Split is not null)
                _half = line;
            Send(line.Split is int split ? line.Text[..split] : line.Text + "\n");
        }
    }

    /// <summary>What has been answered until now is what a checkpoint that is asked for from now on has.</summary>
    public void BeginCheckpoint()
    {
        lock (_gate)
            _countBefore = _swarm.LastDeath == _diedLast ? _count : _floor; // what was counted before a death may have been forgotten
    }

    public void EndCheckpoint()
    {
        lock (_gate)
            _floor = _countBefore;
    }

    public void Dispose()
    {
        _ending = true;
        _socket.Dispose();
    }

    private void Send(string text)
    {
        byte[] bytes = Encoding.UTF8.GetBytes(text);
        int sent = _socket.Send(bytes, SocketFlags.None, out SocketError error);
        if (error != SocketError.Success)
            End($"could not send: {error}");
        else if (sent < bytes.Length)
            End("could send only half a line");
    }

    private async Task ReceiveAsync()
    {
        byte[] buffer = new byte[256];
        try
        {
            while (true)
            {
                int count = await _socket.ReceiveAsync(buffer.AsMemory());
                if (count == 0)
                {
                    End("was disconnected");
                    return;
                }

                lock (_gate)
                    Take(Encoding.UTF8.GetString(buffer, 0, count), Stopwatch.GetTimestamp());
            }
        }
        catch (SocketException e)
        {
            End($"lost its connection: {e.SocketErrorCode}");
        }
        catch (ObjectDisposedException)
        {
            // The test is over.
        }
    }

    private void End(string how)
    {
        if (_ending)
            return;
        IsConnected = false;
        _swarm.Failures.Add($"{this} {how}, after {_count} lines.");
    }

    private void Take(string text, long now)
    {
        _answer.Append(text);
        string all = _answer.ToString();
        int start = 0;
        for (int end = all.IndexOf('\n', start); end >= 0; end = all.IndexOf('\n', start))
        {
            Check(all[start..end], now);
            start = end + 1;
        }

        _answer.Remove(0, start);
        if (_answer.Length > LongestAnswer)
            End($"was told what is no answer: {_answer}");
    }

    private void Check(string answer, long now)
    {
        string[] words = answer.Split(' ', 3);
        if (words.Length < 3 || !long.TryParse(words[0], NumberStyles.None, CultureInfo.InvariantCulture, out long id)
            || !long.TryParse(words[1], NumberStyles.None, CultureInfo.InvariantCulture, out long count))
        {
            _swarm.Failures.Add($"{this} was told what is no answer: '{answer}'.");
            return;
        }

        if (Id == 0)
            _swarm.Claim(Id = id, this);
        else if (id != Id)
            _swarm.Failures.Add($"{this} was answered as session {id}: '{answer}'.");
        int at = _open.FindIndex(l => l.Text == words[2]);
        if (at < 0)
            at = _open.FindIndex(l => l.IsTornInto(words[2]) && _swarm.HasDiedSince(l.Begun));
        if (at < 0)
        {
            _swarm.Failures.Add($"{this} has not said that, or was answered before: '{answer}'. {_open.Count} of its lines are open"
                + (_open.Count == 0 ? "." : $", the first is '{_open[0].Text}'."));
            return;
        }

        SentLine line = _open[at];
        CheckCount(count, line, lost: at, answer);
        foreach (SentLine lost in _open.Take(at))
            if (!_swarm.HasDiedSince(lost.Begun))
                _swarm.Failures.Add($"{this} was not answered to '{lost.Text}', and the server has not died since it was said.");
        _swarm.Lost(at);
        _open.RemoveRange(0, at + 1);
        if (line == _half)
            _swarm.Failures.Add($"{this} was answered to half a line: '{answer}'.");
        Served(line, now);
    }

    private void CheckCount(long count, SentLine line, int lost, string answer)
    {
        Death? last = _swarm.LastDeath;
        bool mayHaveGoneBack = last != _diedLast;
        if (count != _count + 1 && !(mayHaveGoneBack && count > _floor && count <= _count + 1 + lost))
            _swarm.Failures.Add($"{this} counted {_count} lines, {_floor} of them before the last checkpoint, and was answered '{answer}'"
                + (mayHaveGoneBack ? " after a death." : " without a death in between."));
        _swarm.Forgotten(_count + 1 - count);
        // An answer can be older than the death that is already known; to a line that was sent after it, it cannot.
        if (count != _count + 1 || line.Begun > (last?.At ?? 0))
            _diedLast = last;
        _count = count;
    }

    private void Served(SentLine line, long now)
    {
        if (_swarm.LastDeath is Death death && line.Begun > death.At)
            death.Answered(now);
        _swarm.Answered(now - line.Ended);
        if (_swarm.Round is Round round && round.Number != _roundServed && line.Begun >= round.Begun)
        {
            _roundServed = round.Number;
            round.Serve();
        }
    }
}

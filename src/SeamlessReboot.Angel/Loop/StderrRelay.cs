using System.Text;
using SeamlessReboot.Angel.Children;
using SeamlessReboot.Angel.Posix;

namespace SeamlessReboot.Angel.Loop;

/// <summary>
/// The pipe that is every server's standard error. The loop reads it and keeps the last words; a thread of its own writes it on to
/// the angel's standard error, because that may block (a terminal that has been stopped, a pipe that nothing reads) and then neither
/// the server nor the loop may wait: what does not fit into the buffer then is counted, and lost.
/// </summary>
internal sealed class StderrRelay
{
    private const int Portion = 64 * 1024, MostWaiting = 4 * 1024 * 1024, StandardError = 2;
    private readonly Queue<byte[]> _waiting = new(); // locked; pulsed when it changes
    private readonly byte[] _buffer = new byte[Portion];
    private int _waitingBytes;
    private long _lost;

    internal StderrRelay(PipeEnds? inherited = null, byte[]? unwritten = null)
    {
        Pipe = inherited ?? FdCalls.Pipe();
        if (unwritten is { Length: > 0 })
            Enqueue(unwritten);
        new Thread(Write, maxStackSize: 256 * 1024) { IsBackground = true, Name = "angel stderr" }.Start();
    }

    internal PipeEnds Pipe { get; }

    internal LastWords LastWords { get; } = new();

    /// <summary>Reads a portion of what there is.</summary>
    /// <returns>False when there was nothing.</returns>
    internal bool Pump()
    {
        int count = FdCalls.Read(Pipe.Read, _buffer);
        if (count <= 0)
            return false;
        LastWords.Add(_buffer.AsSpan(0, count));
        Enqueue(_buffer.AsSpan(0, count).ToArray());
        return true;
    }

    /// <summary>Reads what a server that has ended left in the pipe, and no more than the pipe can hold: others may still write.</summary>
    internal void Drain()
    {
        const int PipeSizes = 16; // 64 KiB each: a pipe has that size, and may be enlarged to 1 MiB
        for (int i = 0; i < PipeSizes && Pump(); i++)
        {
        }
    }

    /// <summary>Waits until everything has been written, for so long at most.</summary>
    internal void Flush(TimeSpan limit)
    {
        long end = Environment.TickCount64 + (long)limit.TotalMilliseconds;
        lock (_waiting)
            while (_waiting.Count > 0 && end - Environment.TickCount64 is > 0 and long left)
                Monitor.Wait(_waiting, (int)left);
    }

    /// <summary>What has not been written yet.</summary>
    internal byte[] Unwritten()
    {
        lock (_waiting)
            return [.. _waiting.SelectMany(b => b)];
    }

    private void Enqueue(byte[] bytes)
    {
        lock (_waiting)
        {
            if (_waitingBytes + bytes.Length > MostWaiting)
            {
                _lost += bytes.Length;
                return;
            }

            if (_lost > 0)
            {
                byte[] note = Encoding.UTF8.GetBytes($"\n[seamless-angel: {_lost} bytes of the server's standard error are missing here, because nothing read them]\n");
                _lost = 0;
                _waiting.Enqueue(note);
                _waitingBytes += note.Length;
            }

            _waiting.Enqueue(bytes);
            _waitingBytes += bytes.Length;
            Monitor.PulseAll(_waiting);
        }
    }

    private void Write()
    {
        while (true)
        {
            byte[] bytes;
            lock (_waiting)
            {
                while (_waiting.Count == 0)
                    Monitor.Wait(_waiting);
                bytes = _waiting.Peek();
            }

            _ = FdCalls.WriteAll(StandardError, bytes);
            lock (_waiting)
            {
                _waiting.Dequeue();
                _waitingBytes -= bytes.Length;
                Monitor.PulseAll(_waiting);
            }
        }
    }
}

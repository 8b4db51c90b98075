using System.Diagnostics;
using System.Globalization;

namespace SeamlessReboot.Posix;

/// <summary>
/// Blocks signals in all other threads of the process, and gives each exactly its own mask back. The caller looks after the mask of
/// the calling thread, which has to be the same one each time.
/// </summary>
internal sealed class ThreadMasks
{
    private const char Running = 'R', Sleeping = 'S';
    private const long HandlerTime = 1_000_000; // nanoseconds; a handler of the runtime writes a byte

    private readonly MaskStub _stub;
    private readonly ulong _set;
    private readonly ulong _handlers;
    private readonly int _self = Signals.ThreadId();
    private readonly Dictionary<int, Told> _told = [];

    private ThreadMasks(MaskStub stub, ulong set)
    {
        _stub = stub;
        _set = set;
        _handlers = SignalStatus.OfProcess().Caught | set;
    }

    /// <summary>Null where the masks of other threads cannot be changed.</summary>
    internal static ThreadMasks? For(ulong set) => MaskStub.Shared() is MaskStub stub ? new ThreadMasks(stub, set) : null;

    /// <summary>Goes through all of it and changes nothing, so that it is compiled when it is needed.</summary>
    internal static void Prepare()
    {
        TimeSpan limit = TimeSpan.FromSeconds(0.1);
        if (For(0) is ThreadMasks masks && masks.Block(limit) && masks.Confirm(limit))
            masks.Release(limit);
    }

    /// <summary>Blocks the signals. When this has returned true, no thread is inside a handler that it began before.</summary>
    /// <param name="limit">A thread gets to it as soon as a processor is free for it.</param>
    /// <returns>False when not every thread has confirmed it in time.</returns>
    internal bool Block(TimeSpan limit)
    {
        foreach (int thread in ThreadList.Read())
            _told[thread] = new Told { IsOld = true };
        return UntilQuiet(limit, Block);
    }

    /// <summary>Looks at every thread again, and blocks the signals where that has been undone, by the return from a handler for example.</summary>
    internal bool Confirm(TimeSpan limit)
    {
        foreach (Told told in _told.Values)
            told.Step = Step.Confirming;
        return UntilQuiet(limit, Block);
    }

    /// <summary>Unblocks them in each thread that did not block them itself, and in those that have been made since.</summary>
    internal bool Release(TimeSpan limit)
    {
        foreach (Told told in _told.Values)
        {
            if (told.Order != MaskStub.NoOrder && !told.IsKnown)
            {
                _stub.Withdraw(told.Order);
                told.Own = _set;
                if (_stub.IsDone(told.Order, out ulong before))
                    told.Own = OwnOf(told, before);
            }

            told.Step = Step.New;
            told.SpentBefore = -1;
        }

        return Continue(limit);
    }

    /// <summary>Goes on with the release.</summary>
    internal bool Continue(TimeSpan limit)
    {
        bool isDone = UntilQuiet(limit, Release);
        _stub.Rest();
        return isDone;
    }

    // Threads come and go, and one that is being made has the mask that its maker had a moment before. So it is quiet when a
    // whole pass has found nothing to do: who settles in a pass may have made another after the pass had read the list.
    private bool UntilQuiet(TimeSpan limit, Action<int, Told> look)
    {
        long start = Stopwatch.GetTimestamp();
        for (int pass = 0; ; pass++)
        {
            bool isQuiet = true;
            foreach (int thread in ThreadList.Read())
            {
                if (!_told.TryGetValue(thread, out Told? told))
                    _told[thread] = told = new Told();
                if (thread == _self || told.Step == Step.Settled)
                    continue;
                isQuiet = false;
                look(thread, told);
            }

            if (isQuiet)
                return true;
            if (Stopwatch.GetElapsedTime(start) >= limit)
                return false;
            if (pass < 20)
                Thread.Yield();
            else
                Thread.Sleep(1);
        }
    }

    private void Block(int thread, Told told)
    {
        if (told.Step == Step.New)
        {
            TellToBlock(thread, told);
            return;
        }

        if (told.Step == Step.Told && !_stub.IsDone(told.Order, out _))
        {
            told.SettleIf(IsOutOfReach(thread, told));
            return;
        }

        if (told.Step == Step.Told && !told.IsKnown)
        {
            _ = _stub.IsDone(told.Order, out ulong before);
            told.IsKnown = true;
            told.Own = OwnOf(told, before);
            if ((before & _handlers) == 0)
            {
                told.Step = Step.Settled;
                return;
            }
        }

        // It had signals of handlers blocked before. Either it blocks them itself; or it was inside a handler, and returns from it
        // to the mask it had.
        SignalStatus now = SignalStatus.OfThread(thread);
        if (now.Exists && (now.Blocked & _set) != _set)
            TellToBlock(thread, told);
        else
            told.SettleIf(!now.Exists || now.State != Running || told.Step == Step.Confirming || HasMovedOn(thread, told));
    }

    // One that works without ever waiting has done more since than any handler does.
    private static bool HasMovedOn(int thread, Told told)
    {
        long spent = ProcessorTime(thread);
        if (told.SpentBefore < 0)
            told.SpentBefore = spent;
        return spent - told.SpentBefore > HandlerTime;
    }

    /// <summary>In nanoseconds; 0 where the kernel does not tell.</summary>
    private static long ProcessorTime(int thread)
    {
        string text = ProcFile.Read(string.Create(CultureInfo.InvariantCulture, $"/proc/self/task/{thread}/schedstat"));
        return long.TryParse(text.AsSpan(0, Math.Max(0, text.IndexOf(' ', StringComparison.Ordinal))), NumberStyles.None, CultureInfo.InvariantCulture, out long time)
            ? time
            : 0;
    }

    private void TellToBlock(int thread, Told told)
    {
        told.Order = _stub.Tell(thread, ulong.MaxValue, _set);
        if (told.Order == MaskStub.NoOrder)
        {
            told.Step = Step.Settled;
            return;
        }

        told.Step = Step.Told;
        told.IsKnown = false;
        told.SpentBefore = -1;
    }

    // A thread that sleeps and blocks everything, as libraries like theirs to do, need not be told. One that runs and blocks everything
    // may be making another thread, or a process: libc does it so, and goes back to the mask from before. In any other state what it
    // has been sent is the first thing it will take.
    private bool IsOutOfReach(int thread, Told told)
    {
        SignalStatus now = SignalStatus.OfThread(thread);
        if (!now.Exists)
            _stub.Forget(told.Order);
        return now.State switch
        {
            Running => Signals.Has(now.Blocked, _stub.Signal) && HasMovedOn(thread, told),
            Sleeping => Signals.Has(now.Blocked, _stub.Signal),
            _ => true,
        };
    }

    // A thread that was made while all this went on has its maker's mask, which was ours.
    private ulong OwnOf(Told told, ulong before) => told.IsOld || (before & _set) != _set ? before & _set : 0;

    private void Release(int thread, Told told)
    {
        ulong release = _set & ~told.Own;
        SignalStatus now = SignalStatus.OfThread(thread);
        if (!now.Exists || (now.Blocked & release) == 0)
        {
            told.Step = Step.Settled;
        }
        else if (Signals.Has(now.Blocked, _stub.Signal))
        {
            told.SettleIf(now.State != Running || HasMovedOn(thread, told)); // it blocks everything, and that is its own doing
        }
        else if (told.Step == Step.Told && !_stub.IsDone(told.Order, out _))
        {
            told.SettleIf(now.State is not (Running or Sleeping));
        }
        else
        {
            told.Order = _stub.Tell(thread, ~release, 0);
            told.Step = told.Order == MaskStub.NoOrder ? Step.Settled : Step.Told;
        }
    }

    private enum Step
    {
        New,
        Told,
        Confirming,
        Settled,
    }

    /// <summary>What a thread has been told last, and what is known of it.</summary>
    private sealed class Told
    {
        /// <summary>It was there before anything was blocked.</summary>
        internal bool IsOld { get; init; }

        internal Step Step { get; set; }

        internal int Order { get; set; }

        /// <summary>Whether <see cref="Own"/> has been learned from the order.</summary>
        internal bool IsKnown { get; set; }

        /// <summary>Its processor time when it was first waited for; negative when it was not.</summary>
        internal long SpentBefore { get; set; } = -1;

        /// <summary>Of the signals, those that it blocks itself.</summary>
        internal ulong Own { get; set; }

        internal void SettleIf(bool isSettled)
        {
            if (isSettled)
                Step = Step.Settled;
        }
    }
}

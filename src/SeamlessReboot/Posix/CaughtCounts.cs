namespace SeamlessReboot.Posix;

/// <summary>
/// Counts the signals that .NET catches for its registrations, in front of the runtime's own handler. That one only writes to a pipe;
/// the callbacks come later, and without a count nobody could say that none is still to come.
/// </summary>
internal sealed unsafe class CaughtCounts
{
    private const int CountsSize = 4096;
    private static readonly Lock _gate = new();
    private static CaughtCounts? _shared;
    private readonly nint _code;
    private readonly nint _runtimes;
    private readonly int* _counts;

    private CaughtCounts(nint code, nint runtimes, int* counts)
    {
        _code = code;
        _runtimes = runtimes;
        _counts = counts;
    }

    /// <summary>Null where no page may be made executable.</summary>
    internal static CaughtCounts? Shared()
    {
        lock (_gate)
        {
            if (_shared is not null)
                return _shared;
            nint counts = CodePage.TryMap(CountsSize), runtimes = SignalHandlers.OfRegistrations;
            nint code = counts == 0 || runtimes == 0 ? 0 : CodePage.TryMake(MachineCode.ForCounting, counts, runtimes);
            return _shared = code == 0 ? null : new CaughtCounts(code, runtimes, (int*)counts);
        }
    }

    /// <summary>Counts a signal that has the runtime's handler, from now on.</summary>
    internal void Begin(int signal) => Signals.ReplaceHandler(signal, _runtimes, _code);

    /// <summary>Puts the runtime's handler back, unless somebody else's has been installed since.</summary>
    internal void End(int signal) => Signals.ReplaceHandler(signal, _code, _runtimes);

    internal int this[int signal] => Volatile.Read(ref _counts[signal]);
}

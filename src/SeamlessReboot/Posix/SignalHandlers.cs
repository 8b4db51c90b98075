using System.Globalization;

namespace SeamlessReboot.Posix;

/// <summary>Which signals have a handler, and whose it is.</summary>
internal static class SignalHandlers
{
    internal const int Interrupt = 2, Quit = 3, Terminate = 15, Last = 64;

    private const int Child = 17, Continue = 18, TerminalRead = 21, TerminalWrite = 22, LastStandard = 31, Activation = 34;
    private static readonly ulong _faults = Set(4, 5, 6, 7, 8, 11, 31); // SIGILL, SIGTRAP, SIGABRT, SIGBUS, SIGFPE, SIGSEGV, SIGSYS
    private static nint _ofRegistrations;
    private static nint _runtimesTerminate;

    /// <summary>Signals that mean the end of a process that does not handle them, and of most that do.</summary>
    internal static ulong Terminating { get; } = Set(Interrupt, Quit, Terminate);

    /// <summary>The function that .NET installs for every signal it hands to a PosixSignalRegistration.</summary>
    /// <remarks>It has SIGCONT from the first registration on, which the library makes in Start.</remarks>
    internal static nint OfRegistrations => _ofRegistrations != 0 ? _ofRegistrations : _ofRegistrations = Signals.Handler(Continue);

    /// <summary>What can be kept waiting over an exec, because the next image handles it too.</summary>
    /// <remarks>
    /// Not faults, which come from the code itself. Not SIGCHLD: a start that waits for a child waits for it, and at its default
    /// it kills nobody. Not SIGTTIN and SIGTTOU, which a thread's own access to the terminal raises. Of the real-time signals
    /// only those with a registration: the others belong to the runtime, libc, and libraries that talk to their own threads.
    /// </remarks>
    /// <param name="known">What is known to be among them, and not looked at again.</param>
    internal static ulong Holdable(ulong known)
    {
        ulong holdable = known, caught = SignalStatus.OfProcess().Caught & ~_faults & ~Set(Child, TerminalRead, TerminalWrite) & ~known;
        nint registrations = OfRegistrations;
        for (int signal = 1; signal <= Last; signal++)
            if (Signals.Has(caught, signal) && (signal <= LastStandard ? HasHandler(signal, caught) : Signals.Handler(signal) == registrations))
                holdable |= Signals.Bit(signal);
        return holdable;
    }

    /// <summary>Those of the given signals that something other than the runtime handles.</summary>
    internal static ulong Handled(ulong signals)
    {
        ulong handled = 0, caught = SignalStatus.OfProcess().Caught;
        for (int signal = 1; signal <= Last; signal++)
            if (Signals.Has(signals & caught, signal) && HasHandler(signal, caught))
                handled |= Signals.Bit(signal);
        return handled;
    }

    /// <summary>Those of the given signals that .NET hands to registrations.</summary>
    internal static ulong Registered(ulong signals)
    {
        ulong registered = 0;
        nint registrations = OfRegistrations;
        for (int signal = 1; signal <= Last; signal++)
            if (Signals.Has(signals, signal) && Signals.Handler(signal) == registrations)
                registered |= Signals.Bit(signal);
        return registered;
    }

    /// <summary>A real-time signal that nobody uses, from <paramref name="highest"/> down; 0 when there is none.</summary>
    internal static int FindFree(int highest)
    {
        SignalStatus now = SignalStatus.OfProcess();
        ulong used = now.Caught | now.Ignored | now.Pending | Signals.ThreadMask();
        for (int signal = highest; signal > Activation; signal--)
            if (!Signals.Has(used, signal))
                return signal;
        return 0;
    }

    // CoreCLR has a handler for SIGTERM from its start. All it does is end the process as the signal would.
    private static bool HasHandler(int signal, ulong caught)
    {
        nint handler = signal == Terminate ? Signals.Handler(signal) : 0;
        if (signal != Terminate || !Signals.Has(caught, Activation) || handler == OfRegistrations)
            return true;
        if (handler != _runtimesTerminate && FileAt(handler) is string file && file == FileAt(Signals.Handler(Activation)))
            _runtimesTerminate = handler;
        return handler != _runtimesTerminate;
    }

    /// <summary>The file that is mapped at an address.</summary>
    private static string? FileAt(nint address)
    {
        foreach (string line in File.ReadLines("/proc/self/maps"))
        {
            ReadOnlySpan<char> range = line.AsSpan(0, line.IndexOf(' ', StringComparison.Ordinal));
            int dash = range.IndexOf('-');
            if (address >= Hex(range[..dash]) && address < Hex(range[(dash + 1)..]))
                return line.IndexOf('/', StringComparison.Ordinal) is int path and >= 0 ? line[path..] : null;
        }

        return null;
    }

    private static nint Hex(ReadOnlySpan<char> digits) => (nint)ulong.Parse(digits, NumberStyles.HexNumber, CultureInfo.InvariantCulture);

    private static ulong Set(params ReadOnlySpan<int> signals)
    {
        ulong set = 0;
        foreach (int signal in signals)
            set |= Signals.Bit(signal);
        return set;
    }
}

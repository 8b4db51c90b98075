using System.Runtime.InteropServices;

namespace SeamlessReboot.Posix;

/// <summary>The terminal's settings at one moment. Console.ReadKey leaves it raw, and raw it would stay across exec.</summary>
internal sealed unsafe class Terminal
{
    private const int Size = 256; // struct termios is 60 bytes in glibc
    private const int Now = 0; // TCSANOW
    private readonly byte[] _settings = new byte[Size];

    private Terminal()
    {
    }

    /// <summary>Null when standard input is no terminal.</summary>
    internal static Terminal? Read()
    {
        Terminal terminal = new();
        fixed (byte* settings = terminal._settings)
            return Libc.TcGetAttr(0, settings) == 0 ? terminal : null;
    }

    internal bool IsSameAs(Terminal other) => _settings.AsSpan().SequenceEqual(other._settings);

    internal void Restore()
    {
        // A server in the background of its terminal would be stopped by the kernel for touching it, unless SIGTTOU is blocked.
        ulong before = Signals.SetThreadMask(Signals.Bit(PosixSignal.SIGTTOU));
        fixed (byte* settings = _settings)
            _ = Libc.TcSetAttr(0, Now, settings);
        Signals.SetThreadMask(before);
    }
}

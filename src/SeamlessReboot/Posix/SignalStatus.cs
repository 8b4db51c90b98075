using System.Globalization;

namespace SeamlessReboot.Posix;

/// <summary>What /proc/PID/status says of signals, of the process or of one thread.</summary>
/// <param name="State">R runs or could, S sleeps, others see proc_pid_status(5); '\0' when there is no such thread.</param>
/// <param name="Pending">For the thread and for the process.</param>
/// <param name="Blocked">The thread's mask.</param>
/// <param name="Ignored">Of the process.</param>
/// <param name="Caught">Of the process: what has a handler, the runtime's own included.</param>
internal readonly record struct SignalStatus(char State, ulong Pending, ulong Blocked, ulong Ignored, ulong Caught)
{
    private const int CurrentDirectory = -100, CloseOnExec = 0x80000; // AT_FDCWD, O_CLOEXEC

    [ThreadStatic]
    private static byte[]? _buffer;

    /// <summary>False also of a thread that is just ending: the kernel then says that it blocks nothing, and that nothing is caught.</summary>
    internal bool Exists => State != '\0' && Caught != 0;

    internal static SignalStatus OfProcess() => Read("/proc/self/status");

    internal static SignalStatus OfThread(int thread) => Read(string.Create(CultureInfo.InvariantCulture, $"/proc/self/task/{thread}/status"));

    private static SignalStatus Read(string path)
    {
        ReadOnlySpan<byte> text = ReadAll(path);
        return text.IsEmpty ? default : new SignalStatus(
            (char)Field(text, "\nState:\t"u8)[0],
            Mask(text, "\nSigPnd:\t"u8) | Mask(text, "\nShdPnd:\t"u8),
            Mask(text, "\nSigBlk:\t"u8),
            Mask(text, "\nSigIgn:\t"u8),
            Mask(text, "\nSigCgt:\t"u8));
    }

    // The line of groups, which comes before the signals, has no upper limit worth the name.
    private static unsafe ReadOnlySpan<byte> ReadAll(string path)
    {
        byte[] buffer = _buffer ??= new byte[4096];
        int length = 0, fd = Libc.OpenAt(CurrentDirectory, path, CloseOnExec, 0);
        if (fd < 0)
            return default;
        while (true)
        {
            nint count;
            fixed (byte* start = buffer)
                count = Libc.Read(fd, start + length, buffer.Length - length);
            if (count <= 0)
                break;
            length += (int)count;
            if (length == buffer.Length)
            {
                Array.Resize(ref buffer, 2 * length);
                _buffer = buffer;
            }
        }

        Fd.Close(fd);
        return buffer.AsSpan(0, length);
    }

    private static ReadOnlySpan<byte> Field(ReadOnlySpan<byte> text, ReadOnlySpan<byte> name)
    {
        int at = text.IndexOf(name);
        return at < 0 ? "?"u8 : text[(at + name.Length)..];
    }

    private static ulong Mask(ReadOnlySpan<byte> text, ReadOnlySpan<byte> name)
    {
        ulong mask = 0;
        foreach (byte digit in Field(text, name))
        {
            int value = digit is >= (byte)'0' and <= (byte)'9' ? digit - '0' : digit is >= (byte)'a' and <= (byte)'f' ? digit - 'a' + 10 : -1;
            if (value < 0)
                break;
            mask = mask << 4 | (uint)value;
        }

        return mask;
    }
}

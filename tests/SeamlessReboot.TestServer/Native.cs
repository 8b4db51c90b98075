using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;

[assembly: DisableRuntimeMarshalling]

namespace SeamlessReboot.TestServer;

/// <summary>What hosts do to their process that .NET has no words for.</summary>
internal static unsafe partial class Native
{
    private const int Block = 0; // SIG_BLOCK

    /// <summary>A duplicate without close-on-exec, as a careless native library makes it.</summary>
    [LibraryImport("libc", EntryPoint = "dup", SetLastError = true)]
    public static partial int Duplicate(int fd);

    [LibraryImport("libc", EntryPoint = "umask")]
    public static partial uint Umask(uint mask);

    /// <summary>Arms the timer of the process's real time.</summary>
    public static void ArmTimer(long seconds)
    {
        long* value = stackalloc long[4] { 0, 0, seconds, 0 };
        _ = SetItimer(0, value, null);
    }

    /// <summary>Seconds left on the timer; 0 when it is not armed.</summary>
    public static long TimerLeft()
    {
        long* value = stackalloc long[4];
        _ = GetItimer(0, value);
        return value[3] > 0 ? value[2] + 1 : value[2];
    }

    /// <summary>Blocks a signal in the calling thread.</summary>
    public static void BlockSignal(int signal)
    {
        ulong* set = stackalloc ulong[16];
        new Span<ulong>(set, 16).Clear();
        set[0] = 1UL << (signal - 1);
        _ = PthreadSigmask(Block, set, null);
    }

    public static void WriteAll(int fd, ReadOnlySpan<byte> bytes)
    {
        fixed (byte* first = bytes)
            if (Write(fd, first, bytes.Length) != bytes.Length)
                throw new IOException($"write failed: errno {Marshal.GetLastPInvokeError()}");
    }

    [LibraryImport("libc", EntryPoint = "write", SetLastError = true)]
    private static partial nint Write(int fd, byte* bytes, nint length);

    [LibraryImport("libc", EntryPoint = "setitimer")]
    private static partial int SetItimer(int which, long* value, long* old);

    [LibraryImport("libc", EntryPoint = "getitimer")]
    private static partial int GetItimer(int which, long* value);

    [LibraryImport("libc", EntryPoint = "pthread_sigmask")]
    private static partial int PthreadSigmask(int how, ulong* set, ulong* old);
}

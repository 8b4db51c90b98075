using System.Runtime.InteropServices;
using Mono.Unix.Native;

namespace SeamlessReboot.Posix;

/// <summary>A call into the kernel that failed: which one, on what, and why. Wrapped before it reaches a caller of the library.</summary>
internal sealed class SyscallException(string call, int errno)
    : IOException($"{call} failed: {Marshal.GetPInvokeErrorMessage(errno)} ({NameOf(errno)})")
{
    internal int Errno { get; } = errno;

    /// <summary>The exception for the P/Invoke that has just failed on this thread.</summary>
    /// <param name="call">A constant: whatever has to be formatted goes to the other overload, which reads the errno before it formats.</param>
    internal static SyscallException Last(string call) => new(call, Marshal.GetLastPInvokeError());

    /// <summary>The same. The compiler takes this one for an interpolated string.</summary>
    internal static SyscallException Last(ref FailedCall call) => new(call.Words(), call.Errno);

    private static string NameOf(int errno) =>
        NativeConvert.TryToErrno(errno, out Errno name) ? name.ToString() : "errno " + errno;
}

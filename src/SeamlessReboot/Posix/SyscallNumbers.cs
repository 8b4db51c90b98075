using System.Runtime.InteropServices;

namespace SeamlessReboot.Posix;

/// <summary>The numbers of system calls that libc has no function for, or has one too recently.</summary>
internal static class SyscallNumbers
{
    private static readonly bool _isArm = RuntimeInformation.ProcessArchitecture == Architecture.Arm64;

    internal static nint GetDirectoryEntries => _isArm ? 61 : 217;

    internal static nint GetThreadId => _isArm ? 178 : 186;

    /// <summary>rt_tgsigqueueinfo.</summary>
    internal static nint QueueToThread => _isArm ? 240 : 297;

    internal static nint GetUserId => _isArm ? 174 : 102;
}

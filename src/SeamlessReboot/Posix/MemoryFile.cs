using System.Runtime.InteropServices;
using Microsoft.Win32.SafeHandles;

namespace SeamlessReboot.Posix;

/// <summary>A file that has no name and no disk. It is gone with its last descriptor.</summary>
internal static unsafe class MemoryFile
{
    private const nint CloseOnExec = 1; // MFD_CLOEXEC

    /// <param name="name">What /proc calls it.</param>
    /// <exception cref="SyscallException">No descriptor, or no memory.</exception>
    internal static SafeFileHandle Create(string name)
    {
        nint number = RuntimeInformation.ProcessArchitecture == Architecture.Arm64 ? 279 : 319; // memfd_create
        byte* text = CStrings.Make(name);
        int fd = (int)Libc.Syscall(number, (nint)text, CloseOnExec, 0);
        SyscallException? failure = fd < 0 ? SyscallException.Last("memfd_create") : null;
        CStrings.Free(text);
        return failure is null ? new SafeFileHandle(fd, true) : throw failure;
    }
}

using System.Runtime.InteropServices;

namespace SeamlessReboot.Angel.Tests.Live;

internal static partial class TestLibc
{
    [LibraryImport("libc", EntryPoint = "kill", SetLastError = true)]
    internal static partial int Kill(int pid, int signal);
}

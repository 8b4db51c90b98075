using System.Runtime.InteropServices;

namespace SeamlessReboot.Tests.Support;

/// <summary>kill(2). That of Mono.Posix knows no real-time signals.</summary>
internal static partial class Kill
{
    internal static void Self(int signal) => Assert.That(Send(Environment.ProcessId, signal), Is.Zero);

    [LibraryImport("libc", EntryPoint = "kill")]
    private static partial int Send(int pid, int signal);
}

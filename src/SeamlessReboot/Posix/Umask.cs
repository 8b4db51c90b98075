using Mono.Unix.Native;

namespace SeamlessReboot.Posix;

/// <summary>The process's file mode creation mask.</summary>
internal static class Umask
{
    /// <summary>Sets the mask; -1 leaves it.</summary>
    /// <returns>What sets it back.</returns>
    internal static Action Set(int mask)
    {
        if (mask < 0)
            return () => { };
        FilePermissions before = Syscall.umask((FilePermissions)mask);
        return () => Syscall.umask(before);
    }
}

namespace SeamlessReboot.Posix;

/// <summary>What became of an attempt to lock.</summary>
internal enum LockResult
{
    Taken,
    HeldByAnother,

    /// <summary>This file system has none, or not for directories. Nobody holds it, and nobody can.</summary>
    NoLocks,
}

namespace SeamlessReboot.Angel.Posix;

/// <summary>What tells one open file from another. A socket's inode is its own.</summary>
internal readonly record struct FileIdentity(ulong Device, ulong Inode);

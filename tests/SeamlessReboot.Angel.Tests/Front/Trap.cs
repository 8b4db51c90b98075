namespace SeamlessReboot.Angel.Tests.Front;

/// <summary>What lies where the angel wants a file of its own.</summary>
internal enum Trap
{
    /// <summary>To root's file.</summary>
    Symlink,

    /// <summary>To a file that is not there, in root's directory.</summary>
    SymlinkToNothing,

    /// <summary>Another user's symlink to root's directory, on the way to the file.</summary>
    SymlinkOnTheWay,

    /// <summary>To root's file.</summary>
    HardLink,

    Fifo,

    Device,

    Directory,

    /// <summary>Another user's file.</summary>
    Foreign,
}

namespace SeamlessReboot.Angel;

/// <summary>What the angel itself ends with, where it is not the server's own exit code.</summary>
internal static class ExitCodes
{
    /// <summary>The server died too often.</summary>
    internal const int GaveUp = 110;

    /// <summary>The angel could not do its work: no runtime directory, no socket.</summary>
    internal const int SystemTrouble = 111;

    /// <summary>Another angel has this runtime directory.</summary>
    internal const int AlreadyRunning = 112;
}

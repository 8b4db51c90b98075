namespace SeamlessReboot.Angel.Children;

/// <summary>A release that could not even be started. The message says why, and what to do.</summary>
internal sealed class StartFailureException(int code, string message, Exception? inner = null) : Exception(message, inner)
{
    /// <summary>As a shell has it for a program that is not there.</summary>
    internal const int NotFound = 127;

    /// <summary>As a shell has it for a program that is there and cannot be executed.</summary>
    internal const int NotExecutable = 126;

    /// <summary>What the angel ends with if this is the first start.</summary>
    internal int Code { get; } = code;
}

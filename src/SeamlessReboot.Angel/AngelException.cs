namespace SeamlessReboot.Angel;

/// <summary>Ends a command with a sentence for the person who gave it, and an exit code.</summary>
internal sealed class AngelException(int exitCode, string message, Exception? inner = null) : Exception(message, inner)
{
    internal int ExitCode { get; } = exitCode;
}

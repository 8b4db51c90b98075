namespace SeamlessReboot.Angel;

/// <summary>The angel cannot do its work. The message says why, and what to do.</summary>
internal sealed class AngelException(int exitCode, string message, Exception? inner = null) : Exception(message, inner)
{
    internal int ExitCode { get; } = exitCode;
}

namespace SeamlessReboot;

/// <summary>A reboot was called off. The type means: the server is serving as before, every session of it.</summary>
public sealed class RebootException : Exception
{
    internal RebootException(RebootStage stage, string message, Exception? cause = null)
        : base(message, cause)
    {
        Stage = stage;
    }

    /// <summary>How far the reboot had come.</summary>
    public RebootStage Stage { get; }
}

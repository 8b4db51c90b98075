namespace SeamlessReboot.Angel.Loop;

/// <summary>Identify the descriptors that the loop waits for.</summary>
internal static class Tokens
{
    internal const long Notify = 1, Control = 2, Errors = 3, Children = 4;

    /// <summary>From here on, connections to the control socket by their number.</summary>
    internal const long FirstConnection = 1L << 40;

    /// <summary>From here on, descriptors of the store by their number.</summary>
    internal const long FirstStored = 2L << 40;

    /// <summary>From here on, processes by their PID.</summary>
    internal const long FirstProcess = 3L << 40;

    internal const long Span = 1L << 40;
}

namespace SeamlessReboot;

/// <summary>What to do when one session cannot be captured. Never silently: it is logged and reported either way.</summary>
public enum SessionFailurePolicy
{
    /// <summary>The reboot is called off; the session lives on, in the old image with all others.</summary>
    CallOff,

    /// <summary>The reboot goes on; the new image tells that client so and closes its connection.</summary>
    Farewell,
}

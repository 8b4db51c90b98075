namespace SeamlessReboot;

/// <summary>What to do when a session was not at a safe point in any attempt until <see cref="RebooterOptions.SuspendTimeout"/> was over.</summary>
public enum LateSessionPolicy
{
    /// <summary>The reboot is called off; everyone goes on in the old image.</summary>
    CallOff,

    /// <summary>The reboot goes on without it: what it is doing is cut off, the new image tells its client so and closes the connection.</summary>
    Farewell,

    /// <summary>The attempts go on until it stops. Everyone else is served meanwhile.</summary>
    Wait,
}

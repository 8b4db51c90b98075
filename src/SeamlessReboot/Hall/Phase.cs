namespace SeamlessReboot;

/// <summary>Where the server is between its start and its end.</summary>
internal enum Phase
{
    /// <summary>Before Ready.</summary>
    Starting,

    /// <summary>Sessions run.</summary>
    Serving,

    /// <summary>Everyone is asked to stop; sessions may still come and go.</summary>
    Suspending,

    /// <summary>Everyone has stopped; nothing may change.</summary>
    Frozen,

    /// <summary>The rebooter has been disposed.</summary>
    Stopped,
}

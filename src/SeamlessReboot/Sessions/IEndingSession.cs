namespace SeamlessReboot;

/// <summary>What the rebooter knows of a session made by <see cref="RebootSession{TState}"/>.</summary>
internal interface IEndingSession
{
    Type StateType { get; }

    /// <summary>The connection has been closed, and the session has not ended yet.</summary>
    bool IsLeaving { get; }

    /// <summary>Called once, when the connection has been closed; with what the session threw, if it did.</summary>
    Action<Exception?>? Ended { get; set; }

    /// <summary>Called when the session wants to be written at once.</summary>
    Action<SessionSnapshot>? Saving { get; set; }
}

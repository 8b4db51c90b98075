namespace SeamlessReboot;

/// <summary>A session that says itself when it is over.</summary>
internal interface IEndingSession
{
    /// <summary>Called once, when the connection has been closed; with what the session threw, if it did.</summary>
    Action<Exception?>? Ended { get; set; }
}

namespace SeamlessReboot.TestServer.Sessions;

/// <summary>What a command may do with the session that it was typed in.</summary>
internal interface ICommandSession : IRebootSession
{
    SessionConnection Connection { get; }

    ICounterState Counter { get; }

    bool CaptureThrows { get; set; }

    CancellationToken WhenSuspending { get; }
}

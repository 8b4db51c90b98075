namespace SeamlessReboot.Angel;

/// <summary>
/// Every status that seamless-angel itself ends with. "run" otherwise ends with its server's: the server's own exit code, or
/// 128 + N when signal N has killed it. "status" ends as the Linux Standard Base says.
/// </summary>
internal static class ExitCodes
{
    /// <summary>It is done. For "status": the server runs. For "stop" also: there was nothing to stop.</summary>
    internal const int Done = 0;

    /// <summary>The angel has refused, or could not do, what it was asked for; it has said why.</summary>
    internal const int Refused = 1;

    /// <summary>"status": nothing runs, but a pid file says otherwise. The angel was killed.</summary>
    internal const int DeadWithPidFile = 1;

    /// <summary>"status": nothing runs, but the angel's lock or sockets are still there.</summary>
    internal const int DeadWithLock = 2;

    /// <summary>"status": there is no such angel, or the angel lives and its server does not at the moment.</summary>
    internal const int NotRunningStatus = 3;

    /// <summary>"status": something holds the lock and does not answer, or may not be asked by this user.</summary>
    internal const int UnknownStatus = 4;

    /// <summary>"reboot", "checkpoint", "kill": there is no such angel.</summary>
    internal const int NotRunning = 7;

    /// <summary>The command line is wrong; what is wrong and what to write instead was said.</summary>
    internal const int Usage = 100;

    /// <summary>"run": an angel of this name, or one with this pid file, runs already.</summary>
    internal const int AlreadyRunning = 112;

    /// <summary>"run": the server has died too often in too short a time.</summary>
    internal const int GaveUp = 110;

    /// <summary>"run --daemon": the server was not ready in time, or ended with 0 before it was; everything was ended.</summary>
    internal const int NotReady = 113;

    /// <summary>"reboot" and the others: the angel took longer to answer than --timeout; it is still at it.</summary>
    internal const int NoAnswer = 114;

    /// <summary>The system refused what the angel needs: a directory, a socket, a user.</summary>
    internal const int SystemTrouble = 111;

    /// <summary>As in a shell: the server's program is there and cannot be executed.</summary>
    internal const int CannotExecute = 126;

    /// <summary>As in a shell: there is no such program.</summary>
    internal const int NotFound = 127;

    /// <summary>What a shell says of a process that a signal has killed.</summary>
    internal static int Killed(int signal) => 128 + signal;
}

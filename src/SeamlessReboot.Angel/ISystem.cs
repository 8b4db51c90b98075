using SeamlessReboot.Angel.Children;
using SeamlessReboot.Angel.Posix;

namespace SeamlessReboot.Angel;

/// <summary>What the angel needs of the operating system, so that its decisions can be tested without processes.</summary>
internal interface ISystem
{
    /// <summary>The last lines of what the servers have written to their standard error.</summary>
    IReadOnlyList<string> LastWords { get; }

    /// <returns>The PID.</returns>
    /// <exception cref="StartFailureException">It could not be started; the message says why.</exception>
    int Start(Release release);

    /// <summary>Ends the connections, and closes the descriptors, that the server started last was given without a name in LISTEN_FDNAMES.</summary>
    /// <returns>How many there were.</returns>
    int EndUnnamed();

    /// <returns>False when there is no such process.</returns>
    bool SendSignal(int pid, int signal);

    /// <summary>Kills what is left in a process group.</summary>
    /// <param name="group">Its number.</param>
    /// <param name="isUnreaped">It is the number of a child that is not reaped yet. Otherwise the kernel may have given the number to
    /// another group: then the group is killed only if it has descendants of the angel in it.</param>
    /// <returns>False when the group is empty.</returns>
    bool KillGroup(int group, bool isUnreaped);

    int GroupOf(int pid);

    bool GroupExists(int group);

    bool IsDescendant(int pid);

    /// <summary>A process that has exited and is not reaped yet; null for none.</summary>
    int? NextExited();

    ExitStatus? Reap(int pid);

    /// <summary>Watches for the exit of a process that is not necessarily a child of the angel.</summary>
    void WatchExit(int pid);

    bool HasExited(int pid);

    /// <summary>Reads what the servers have sent until now. To be called before the exit of one is acted on.</summary>
    void ReadNotifications();

    /// <summary>To be called before a server is started: from here on its standard error and its log file are read.</summary>
    void PrepareStart();

    /// <summary>Looks for the line that means that this server is ready.</summary>
    void LookForLine(int pid);

    /// <summary>Connects to the port of this server; the answer comes as an event.</summary>
    void StartProbe(int pid);

    /// <summary>Begins to replace the angel by its own new version.</summary>
    void RebootSelf();

    /// <summary>Ends the check of the angel's own new version, which has taken too long.</summary>
    void KillSelfCheck();

    /// <returns>False when this process was not the check of the angel's own new version.</returns>
    bool HandleSelfCheckExit(int pid, ExitStatus status);
}

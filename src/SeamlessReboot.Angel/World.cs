using SeamlessReboot.Angel.Children;
using SeamlessReboot.Angel.Posix;

namespace SeamlessReboot.Angel;

/// <summary>The seam between what the angel decides and what is done to processes. Tests put their own in its place.</summary>
internal abstract class World
{
    /// <summary>The last lines of what the servers have said.</summary>
    internal abstract IReadOnlyList<string> LastWords { get; }

    /// <returns>The PID.</returns>
    /// <exception cref="StartFailureException">It could not be started; the message says why.</exception>
    internal abstract int Start(Release release);

    internal abstract bool Send(int pid, int signal);

    /// <summary>Kills whoever is left in a process group.</summary>
    /// <param name="group">Its number.</param>
    /// <param name="isCertain">It is the number of a child that is not reaped yet. Otherwise it may have become somebody else's: then
    /// only a group with descendants of the angel in it is killed.</param>
    /// <returns>False when there is nobody.</returns>
    internal abstract bool KillGroup(int group, bool isCertain);

    internal abstract int GroupOf(int pid);

    internal abstract bool GroupExists(int group);

    internal abstract bool IsDescendant(int pid);

    /// <summary>Who has ended and is not reaped yet; null when nobody.</summary>
    internal abstract int? NextEnded();

    internal abstract ExitStatus? Reap(int pid);

    /// <summary>Looks after the end of a process that is not necessarily the angel's own child.</summary>
    internal abstract void WatchEnd(int pid);

    internal abstract bool HasEnded(int pid);

    /// <summary>Hears what the servers have said until now: before the end of one is believed.</summary>
    internal abstract void HearAll();

    /// <summary>A server is about to be started: its last words are to be its own, and its log is read from here on.</summary>
    internal abstract void BeforeStart();

    /// <summary>Looks for the line that means readiness, of this server.</summary>
    internal abstract void LookForLine(int pid);

    /// <summary>Talks to the port of this server; the answer comes as an event.</summary>
    internal abstract void Probe(int pid);

    /// <summary>Begins to replace the angel by its own new version.</summary>
    internal abstract void RebootSelf();

    /// <summary>The time for checking the angel's own new version is over.</summary>
    internal abstract void SelfCheckOverdue();

    /// <summary>Whether this process is that check; if so, it has been dealt with.</summary>
    internal abstract bool IsSelfCheck(int pid, ExitStatus status);
}

using SeamlessReboot.Angel.Children;
using SeamlessReboot.Angel.Posix;

namespace SeamlessReboot.Angel.Tests.Support;

/// <summary>Processes that are only numbers; what is done to them is written down.</summary>
internal sealed class FakeSystem : ISystem
{
    private readonly Queue<(int Pid, ExitStatus Status)> _ended = new();
    private readonly Dictionary<int, ExitStatus> _reapable = [];
    private int _nextPid = 1001;

    public List<string> Done { get; } = [];

    public List<Release> Started { get; } = [];

    /// <summary>The next start fails by this.</summary>
    public StartFailureException? StartFailure { get; set; }

    public HashSet<int> Descendants { get; } = [];

    public HashSet<int> LivingGroups { get; } = [];

    /// <summary>Called when the angel hears what is left in the notify socket.</summary>
    public Action WhenNotificationsAreRead { get; set; } = () => { };

    public IReadOnlyList<string> LastWords => ["alas"];

    public int Start(Release release)
    {
        if (StartFailure is not null)
            throw StartFailure;
        Started.Add(release);
        return _nextPid++;
    }

    /// <summary>How many descriptors have no name in the variable.</summary>
    public int Unnamed { get; set; }

    public int EndUnnamed()
    {
        int ended = Unnamed;
        Unnamed = 0;
        return ended;
    }

    public bool SendSignal(int pid, int signal)
    {
        Done.Add($"signal {signal} to {pid}");
        return true;
    }

    public bool KillGroup(int group, bool isUnreaped)
    {
        Done.Add($"signal 9 to group {group}");
        return LivingGroups.Contains(group);
    }

    public bool GroupExists(int group) => true;

    public int GroupOf(int pid) => pid + 5000;

    public bool IsDescendant(int pid) => Descendants.Contains(pid);

    public int? NextExited() => _ended.TryPeek(out (int Pid, ExitStatus) first) ? first.Pid : null;

    public ExitStatus? Reap(int pid)
    {
        if (!_reapable.Remove(pid, out ExitStatus status))
            return null;
        _ended.Dequeue();
        return status;
    }

    public void WatchExit(int pid) => Done.Add($"watch {pid}");

    public bool HasExited(int pid) => true;

    public void ReadNotifications() => WhenNotificationsAreRead();

    public void PrepareStart()
    {
    }

    public void LookForLine(int pid) => Done.Add($"look for line of {pid}");

    public void StartProbe(int pid) => Done.Add($"probe {pid}");

    public void RebootSelf() => Done.Add("reboot self");

    public void KillSelfCheck() => Done.Add("self check overdue");

    public bool HandleSelfCheckExit(int pid, ExitStatus status) => false;

    /// <summary>A process ends; the angel has not been told yet.</summary>
    public void End(int pid, ExitStatus status)
    {
        _ended.Enqueue((pid, status));
        _reapable[pid] = status;
    }
}

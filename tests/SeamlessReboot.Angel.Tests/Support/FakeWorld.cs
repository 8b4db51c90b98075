using SeamlessReboot.Angel.Children;
using SeamlessReboot.Angel.Posix;

namespace SeamlessReboot.Angel.Tests.Support;

/// <summary>Processes that are only numbers; what is done to them is written down.</summary>
internal sealed class FakeWorld : World
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
    public Action WhenHeard { get; set; } = () => { };

    internal override IReadOnlyList<string> LastWords => ["alas"];

    internal override int Start(Release release)
    {
        if (StartFailure is not null)
            throw StartFailure;
        Started.Add(release);
        return _nextPid++;
    }

    internal override bool Send(int pid, int signal)
    {
        Done.Add($"signal {signal} to {pid}");
        return true;
    }

    internal override bool KillGroup(int group, bool isCertain)
    {
        Done.Add($"signal 9 to group {group}");
        return LivingGroups.Contains(group);
    }

    internal override bool GroupExists(int group) => true;

    internal override int GroupOf(int pid) => pid + 5000;

    internal override bool IsDescendant(int pid) => Descendants.Contains(pid);

    internal override int? NextEnded() => _ended.TryPeek(out (int Pid, ExitStatus) first) ? first.Pid : null;

    internal override ExitStatus? Reap(int pid)
    {
        if (!_reapable.Remove(pid, out ExitStatus status))
            return null;
        _ended.Dequeue();
        return status;
    }

    internal override void WatchEnd(int pid) => Done.Add($"watch {pid}");

    internal override bool HasEnded(int pid) => true;

    internal override void HearAll() => WhenHeard();

    internal override void BeforeStart()
    {
    }

    internal override void LookForLine(int pid) => Done.Add($"look for line of {pid}");

    internal override void Probe(int pid) => Done.Add($"probe {pid}");

    internal override void RebootSelf() => Done.Add("reboot self");

    internal override void SelfCheckOverdue() => Done.Add("self check overdue");

    internal override bool IsSelfCheck(int pid, ExitStatus status) => false;

    /// <summary>A process ends; the angel has not been told yet.</summary>
    public void End(int pid, ExitStatus status)
    {
        _ended.Enqueue((pid, status));
        _reapable[pid] = status;
    }
}

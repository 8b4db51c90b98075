using System.Globalization;
using System.Runtime.InteropServices;
using Mono.Unix.Native;

namespace SeamlessReboot.Posix;

/// <summary>
/// Reaps the children that the image before the exec had started: the new runtime does not know them, so they would stay
/// zombies. Children of this image are left to it.
/// </summary>
internal sealed class InheritedChildren : IDisposable
{
    private readonly List<int> _children;
    private PosixSignalRegistration? _registration;

    private InheritedChildren(List<int> children) => _children = children;

    /// <summary>Notes whom there is, before the application starts children of its own. Null when there is nobody.</summary>
    internal static InheritedChildren? Find()
    {
        List<int> children = [];
        // The exec has made them all children of the one thread that was left. Without CONFIG_PROC_CHILDREN they stay zombies.
        string pids = ProcFile.Read($"/proc/self/task/{Environment.ProcessId}/children");
        foreach (string pid in pids.Split(' ', StringSplitOptions.RemoveEmptyEntries))
            if (int.TryParse(pid, NumberStyles.None, CultureInfo.InvariantCulture, out int number))
                children.Add(number);
        return children.Count == 0 ? null : new InheritedChildren(children);
    }

    /// <summary>Reaps those that have ended, and each of the others when it ends.</summary>
    internal void Adopt()
    {
        _registration = PosixSignalRegistration.Create(PosixSignal.SIGCHLD, _ => Reap());
        Reap();
    }

    public void Dispose() => _registration?.Dispose();

    private void Reap()
    {
        lock (_children)
            _children.RemoveAll(pid => Syscall.waitpid(pid, out _, WaitOptions.WNOHANG) != 0);
    }
}

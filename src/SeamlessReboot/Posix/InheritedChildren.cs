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
    private readonly HashSet<int> _children;
    private readonly PosixSignalRegistration _registration;

    private InheritedChildren(HashSet<int> children)
    {
        _children = children;
        _registration = PosixSignalRegistration.Create(PosixSignal.SIGCHLD, _ => Reap());
        Reap();
    }

    /// <summary>Null when the process has no children.</summary>
    internal static InheritedChildren? Adopt()
    {
        HashSet<int> children = List();
        return children.Count == 0 ? null : new InheritedChildren(children);
    }

    internal static HashSet<int> List()
    {
        HashSet<int> children = [];
        try
        {
            foreach (string task in Directory.EnumerateDirectories("/proc/self/task"))
                foreach (string pid in File.ReadAllText(Path.Combine(task, "children")).Split(' ', StringSplitOptions.RemoveEmptyEntries))
                    children.Add(int.Parse(pid, NumberStyles.None, CultureInfo.InvariantCulture));
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            // A kernel without CONFIG_PROC_CHILDREN, or no /proc: the children stay zombies until this process ends.
        }

        return children;
    }

    public void Dispose() => _registration.Dispose();

    private void Reap()
    {
        lock (_children)
            _children.RemoveWhere(pid => Syscall.waitpid(pid, out _, WaitOptions.WNOHANG) != 0);
    }
}

using SeamlessReboot.Posix;

namespace SeamlessReboot.Descriptors;

/// <summary>By what means descriptors are found and marked; what the kernel has decides, tests choose.</summary>
internal enum StrayMeans
{
    CloseRange,
    ProcFd,
    Loop,
}

/// <summary>
/// Sets close-on-exec on every descriptor but the survivors, and clears it on those. So strays are closed by the exec itself,
/// and an exec that fails has closed nothing.
/// </summary>
internal static class Strays
{
    private const int LoopEnd = 4096;

    /// <summary>The descriptors, beside the survivors and standard streams, that an exec would leave open.</summary>
    internal static List<int> Find(IReadOnlySet<int> survivors, StrayMeans means = StrayMeans.CloseRange)
    {
        IEnumerable<int> open = (means == StrayMeans.Loop ? null : Fd.ListOpen()) ?? Enumerable.Range(0, LoopEnd);
        return [.. open.Where(fd => fd > 2 && !survivors.Contains(fd) && Fd.IsCloseOnExec(fd) == false)];
    }

    /// <summary>Marks survivors and strays.</summary>
    /// <param name="survivors">What is to cross the exec. Those that are not open any more are passed over.</param>
    /// <param name="known">What <see cref="Find"/> has found; the undoing makes just these open for children again.</param>
    /// <param name="means">With the loop, descriptors above 4095 are not seen.</param>
    /// <returns>What puts every flag back.</returns>
    internal static Action Mark(IReadOnlySet<int> survivors, IReadOnlyList<int> known, StrayMeans means = StrayMeans.CloseRange)
    {
        List<int> strays = [.. known], inheritable = [];
        foreach (int fd in survivors)
            if (Fd.IsCloseOnExec(fd) == false)
                inheritable.Add(fd); // kept open, and meant for children too
        if (means != StrayMeans.CloseRange || !Fd.TrySetCloseOnExecFrom(3))
            strays = Find(survivors, means);
        foreach (int fd in strays)
            Fd.TrySetCloseOnExec(fd, true);
        foreach (int fd in survivors)
            Fd.TrySetCloseOnExec(fd, false);
        return () =>
        {
            foreach (int fd in survivors)
                Fd.TrySetCloseOnExec(fd, true);
            foreach (int fd in strays)
                Fd.TrySetCloseOnExec(fd, false);
            foreach (int fd in inheritable)
                Fd.TrySetCloseOnExec(fd, false);
        };
    }
}

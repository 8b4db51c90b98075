using System.Globalization;
using Microsoft.Extensions.Logging;
using Mono.Unix.Native;
using SeamlessReboot.Angel.Descriptors;
using SeamlessReboot.Angel.Discovery;
using SeamlessReboot.Angel.SelfReboot;
using SeamlessReboot.Posix;

namespace SeamlessReboot.Angel.Daemon;

/// <summary>
/// The angel's directory, locks, log and sockets, opened in this order as the user that started it, before it
/// switches to its own user. After the angel's own reboot nothing is opened a second time.
/// </summary>
internal sealed class AngelResources : IDisposable
{
    private const string LockName = "lock", PidFileName = "pid-file";
    private readonly List<IDisposable> _open = [];
    private IReadOnlyList<HeldListener> _listeners = [];

    private AngelResources()
    {
    }

    internal AngelHost Host { get; private set; } = null!;

    /// <exception cref="AngelException">Something is refused; what was opened before is closed again.</exception>
    internal static AngelResources Prepare(AngelOptions options, User user, Handover? handover, StarterPipe? starter)
    {
        AngelResources resources = new();
        try
        {
            resources.Open(options, user, handover, starter);
            return resources;
        }
        catch
        {
            resources.Dispose();
            throw;
        }
    }

    /// <summary>At the angel's end: sockets are closed and their files removed, then the log, then the locks.</summary>
    public void Dispose()
    {
        ListenSockets.Close(_listeners);
        _listeners = [];
        for (int i = _open.Count - 1; i >= 0; i--)
            _open[i].Dispose();
        _open.Clear();
    }

    private void Open(AngelOptions options, User user, Handover? handover, StarterPipe? starter)
    {
        if (handover is null)
            RuntimeDirectory.Create(options.RuntimeDirectory, user.Id, user.Group);
        Dictionary<string, int> kept = [];
        List<PidFile> files = [Take(LockName, Path.Combine(options.RuntimeDirectory, RuntimeDirectory.PidFile))];
        if (options.PidFile is string path)
            files.Add(Take(PidFileName, path));
        AngelLog log = new(options.Name, options.LogFile, options.Daemon, options.Syslog ? new Syslog("seamless-angel") : null);
        _open.Add(log);
        foreach (PidFile file in files)
            if (file.Complaint is string complaint)
                log.Write(LogLevel.Warning, complaint);
        _listeners = handover?.Listeners ?? ListenSockets.Open(options.Listen, options.Backlog);
        foreach (HeldListener listener in handover?.Listeners ?? [])
            _ = Fd.TrySetCloseOnExec(listener.Fd, true);
        OuterSupervisor outer = new();
        _open.Add(outer);
        Become(options, user, files, log);
        Host = new AngelHost
        {
            Listeners = _listeners,
            Variables = Variables(options, user),
            Log = log.Write,
            KeptOpen = kept,
            Handover = handover,
            WhenReady = text =>
            {
                starter?.Ready(text);
                outer.Ready(text);
            },
            WhenFailed = (code, words) => starter?.Failed(code, words),
        };

        PidFile Take(string name, string file)
        {
            PidFile taken = handover?.KeptOpen.TryGetValue(name, out int fd) == true ? PidFile.Adopt(file, fd) : PidFile.Take(file);
            _open.Add(taken);
            kept[name] = taken.Fd;
            return taken;
        }
    }

    private void Become(AngelOptions options, User user, List<PidFile> files, AngelLog log)
    {
        if (options.User is null || user.Id == DirectoryHandle.CurrentUser())
            return;
        log.Touch();
        log.GiveTo(user.Id, user.Group);
        files.ForEach(f => f.GiveTo(user.Id, user.Group));
        foreach (HeldListener listener in _listeners)
            UnixListener.GiveTo(listener, user.Id, user.Group);
        // /tmp lets only the owner rename it, which the angel's own reboot has to.
        _ = Syscall.lchown(DiagnosticsSocketPath(), user.Id, user.Group);
        user.Become();
    }

    private static string DiagnosticsSocketPath() => Path.Combine(Path.GetTempPath(),
        string.Create(CultureInfo.InvariantCulture, $"dotnet-diagnostic-{Environment.ProcessId}-{ProcessStart.StartTime()}-socket"));

    private Dictionary<string, string> Variables(AngelOptions options, User user)
    {
        Dictionary<string, string> variables = new(PassedVariables.ForEinhorn(
            _listeners, firstFd: 3, Environment.ProcessId, Path.Combine(options.RuntimeDirectory, RuntimeDirectory.ControlSocket)));
        if (options.User is not null)
            foreach ((string name, string value) in user.Variables())
                variables[name] = value;
        return variables;
    }
}

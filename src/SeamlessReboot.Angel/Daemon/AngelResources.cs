using Microsoft.Extensions.Logging;
using SeamlessReboot.Angel.Descriptors;
using SeamlessReboot.Angel.Discovery;
using SeamlessReboot.Angel.Posix;
using SeamlessReboot.Angel.SelfReboot;
using SeamlessReboot.Posix;

namespace SeamlessReboot.Angel.Daemon;

/// <summary>
/// The angel's directory, locks, log and sockets. With --user root opens what only root can: ports, and what lies in root's own directories.
/// The rest is opened after the angel has become its user, so that nothing which that user has put there can make root touch another file.
/// After the angel's own reboot nothing is opened a second time.
/// </summary>
internal sealed class AngelResources : IDisposable
{
    private const string LockName = "lock", PidFileName = "pid-file";
    private readonly AngelOptions _options;
    private readonly User _user;
    private readonly Handover? _handover;
    private readonly AngelLog _log;
    private readonly Dictionary<string, PidFile> _locks = [];
    private readonly IReadOnlyList<HeldListener>[] _opened;
    private OuterSupervisor? _outer;
    private bool _isLogOpen;

    private AngelResources(AngelOptions options, User user, Handover? handover)
    {
        _options = options;
        _user = user;
        _handover = handover;
        _log = new AngelLog(options.Name, options.LogFile, options.Daemon, options.Syslog ? new Syslog("seamless-angel") : null, user);
        _opened = handover is null ? [.. options.Listen.Select(_ => (HeldListener[])[])] : [handover.Listeners];
    }

    internal AngelHost Host { get; private set; } = null!;

    private IReadOnlyList<HeldListener> Listeners => [.. _opened.SelectMany(l => l)];

    /// <exception cref="AngelException">Something is refused; what was opened before is closed again.</exception>
    internal static AngelResources Prepare(AngelOptions options, User user, Handover? handover, StarterPipe? starter)
    {
        AngelResources resources = new(options, user, handover);
        try
        {
            resources.Open(starter);
            return resources;
        }
        catch (Exception e)
        {
            // Nobody may read what a daemon's starter prints.
            if (options.Daemon && resources._isLogOpen && e is AngelException)
                resources._log.Write(LogLevel.Critical, e.Message);
            resources.Dispose();
            throw;
        }
    }

    /// <summary>At the angel's end: sockets are closed and their files removed, then the log, then the locks.</summary>
    public void Dispose()
    {
        ListenSockets.Close(Listeners);
        Array.Fill(_opened, []);
        _outer?.Dispose();
        _log.Dispose();
        foreach (PidFile file in _locks.Values)
            file.Dispose();
        _locks.Clear();
    }

    private void Open(StarterPipe? starter)
    {
        if (_handover is null && _user.Id != DirectoryHandle.CurrentUser())
        {
            OpenAsRoot();
            foreach (PidFile file in _locks.Values)
                file.LetGoOfDirectory();
            _user.Become();
        }

        if (_handover is null)
            RuntimeDirectory.Create(_options.RuntimeDirectory, _user.Id, _user.Group);
        Take(LockName, LockPath);
        if (_options.PidFile is string path)
            Take(PidFileName, path);
        if (_handover is null)
            OpenLog();
        foreach (PidFile file in _locks.Values)
            if (file.Complaint is string complaint)
                _log.Write(LogLevel.Warning, complaint);
        if (_handover is null)
            Listen(_ => true);
        foreach (HeldListener listener in _handover?.Listeners ?? [])
            _ = Fd.TrySetCloseOnExec(listener.Fd, true);
        OuterSupervisor outer = _outer = new();
        Host = new AngelHost
        {
            Listeners = Listeners,
            Variables = Variables(),
            Log = _log.Write,
            KeptOpen = _locks.ToDictionary(l => l.Key, l => l.Value.Fd),
            Handover = _handover,
            WhenReady = text =>
            {
                starter?.Ready(text);
                outer.Ready(text);
            },
            WhenFailed = (code, words) => starter?.Failed(code, words),
        };
    }

    private string LockPath => Path.Combine(_options.RuntimeDirectory, RuntimeDirectory.PidFile);

    private void OpenAsRoot()
    {
        // Said before a port that is taken.
        PidFile.CheckIsFree(LockPath);
        RuntimeDirectory.Create(_options.RuntimeDirectory, _user.Id, _user.Group);
        if (_options.PidFile is string path && IsRoots(path))
            Take(PidFileName, path);
        if (_options.LogFile is string log && IsRoots(log))
            OpenLog();
        Listen(uri => uri.Scheme != "unix" || UnixListener.IsRoots(uri));
    }

    private static bool IsRoots(string path)
    {
        try
        {
            using Place place = Place.Find(path);
            return place.IsRoots;
        }
        catch (IOException)
        {
            return false; // the user will be told
        }
    }

    private void Take(string name, string path)
    {
        if (!_locks.ContainsKey(name))
            _locks.Add(name, _handover?.KeptOpen.TryGetValue(name, out int fd) == true ? PidFile.Adopt(path, fd) : PidFile.Take(path, _user.Id));
    }

    private void OpenLog()
    {
        string? failure = _log.Open();
        if (failure is not null && _options.Daemon)
            throw new AngelException(ExitCodes.SystemTrouble, $"the log cannot be opened, and a daemon has no other output: {failure}. Name another file with --log-file.");
        _isLogOpen = failure is null;
    }

    private void Listen(Predicate<Uri> which)
    {
        for (int i = 0; i < _opened.Length; i++)
            if (_opened[i].Count == 0 && which(_options.Listen[i]))
                _opened[i] = ListenSockets.Open([_options.Listen[i]], _options.Backlog, _user);
    }

    private Dictionary<string, string> Variables()
    {
        Dictionary<string, string> variables = new(PassedVariables.ForEinhorn(
            Listeners, firstFd: 3, Environment.ProcessId, Path.Combine(_options.RuntimeDirectory, RuntimeDirectory.ControlSocket)));
        if (_options.User is not null)
            foreach ((string name, string value) in _user.Variables())
                variables[name] = value;
        return variables;
    }
}

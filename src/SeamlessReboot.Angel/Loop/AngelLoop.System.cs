using System.Globalization;
using System.Security.Cryptography;
using Microsoft.Extensions.Logging;
using SeamlessReboot.Angel.Children;
using SeamlessReboot.Angel.Control;
using SeamlessReboot.Angel.Descriptors;
using SeamlessReboot.Angel.Monitoring;
using SeamlessReboot.Angel.Posix;
using SeamlessReboot.Angel.SelfReboot;
using SeamlessReboot.Posix;

namespace SeamlessReboot.Angel.Loop;

// What the angel needs of the operating system, and the sockets.
internal sealed partial class AngelLoop
{
    private const int MessagesPerTurn = 64, MostMessages = 4096, LongestMessage = 8192;
    private readonly byte[] _message = new byte[LongestMessage];
    private readonly List<int> _descriptors = [];
    private readonly Dictionary<int, int> _pidFds = [];
    private readonly List<byte[]> _environment = ProcessStart.Environment();
    private int _notify = -1;
    private string? _notifyAddress;
    private IReadOnlyList<StoredFd> _unnamed = [];
    private CancellationTokenSource _lookFor = new();
    private Task? _line;

    public IReadOnlyList<string> LastWords
    {
        get
        {
            _stderr.Drain();
            return _stderr.LastWords.Lines;
        }
    }

    public int Start(Release release)
    {
        ChildStart start = new()
        {
            Environment = _environment,
            Variables = _host.Variables,
            NotifyAddress = _notifyAddress,
            Watchdog = _options.Watchdog,
            StoreLimit = _store.Limit,
            OpenFiles = _serverOpenFiles,
            Listeners = _listeners,
            Stored = _store.Entries,
            Errors = _stderr.Pipe.Write,
        };
        int pid = start.Start(release);
        _unnamed = start.Unnamed;
        return pid;
    }

    public int EndUnnamed()
    {
        int ended = 0;
        foreach (StoredFd stored in _unnamed)
        {
            const int Both = 2; // SHUT_RDWR; it only fails on what is no connection
            if (_store.Has(stored.Id))
            {
                _ = AngelLibc.Shutdown(stored.Fd, Both);
                _store.Drop(stored.Id);
                ended++;
            }
        }

        _unnamed = [];
        return ended;
    }

    public bool SendSignal(int pid, int signal) => Processes.Send(pid, signal);

    public bool KillGroup(int group, bool isUnreaped) =>
        Processes.SendGroup(group, 0) && (isUnreaped || Processes.HasDescendantIn(group)) && Processes.SendGroup(group, 9);

    public bool GroupExists(int group) => Processes.SendGroup(group, 0);

    public int GroupOf(int pid) => Processes.GroupOf(pid);

    public bool IsDescendant(int pid) => Processes.IsDescendant(pid);

    public int? NextExited() => Processes.NextEnded();

    public ExitStatus? Reap(int pid) => Processes.Reap(pid);

    public bool HasExited(int pid) => Processes.HasEnded(pid);

    public void WatchExit(int pid)
    {
        if (_pidFds.ContainsKey(pid) || Processes.OpenPidFd(pid) is not (>= 0 and int fd))
            return;
        _pidFds.Add(pid, fd);
        _poller.WatchInput(fd, Tokens.FirstProcess + pid);
    }

    private void OnMainPidExited(int pid)
    {
        if (_pidFds.Remove(pid, out int fd))
        {
            _poller.Forget(fd);
            Fd.Close(fd);
        }

        _angel.OnMainPidExited(pid);
    }

    public void ReadNotifications()
    {
        for (int i = 0; i < MostMessages && ReceiveOne(); i++)
        {
        }
    }

    // A limited number, so that other events get their turn.
    private void ReceiveSome()
    {
        for (int i = 0; i < MessagesPerTurn; i++)
        {
            if (ReceiveOne())
                continue;
            _poller.WatchInputAgain(_notify, Tokens.Notify);
            return;
        }

        Post(new DescriptorReady(Tokens.Notify, HungUp: false));
    }

    private bool ReceiveOne()
    {
        if (_notify < 0)
            return false;
        _descriptors.Clear();
        int length = UnixSockets.Receive(_notify, _message, _descriptors, out int sender, out bool isCut);
        if (length == -1)
            return false;
        if (length >= 0)
            _angel.OnNotification(sender, _message.AsSpan(0, length), _descriptors, isCut);
        else
            _angel.OnOversizedNotification(sender, _descriptors);
        return true;
    }

    public void PrepareStart()
    {
        _stderr.Drain();
        _stderr.LastWords.Clear();
        _lookFor.Cancel();
        _lookFor.Dispose();
        _lookFor = new CancellationTokenSource();
        _line = _options is { LookFor: { } what, LookIn: string file } ? LogWatch.WaitAsync(file, what, _lookFor.Token) : null;
    }

    public void LookForLine(int pid) => _line?.ContinueWith(found =>
    {
        if (found.IsCompletedSuccessfully)
            Post(new LineFound(pid));
        else if (found.Exception is not null)
            Log(LogLevel.Error, $"'{_options.LookIn}' cannot be watched: {found.Exception.InnerException!.Message}");
    }, CancellationToken.None, TaskContinuationOptions.ExecuteSynchronously, TaskScheduler.Default);

    public void StartProbe(int pid) => _ = ProbeAsync(pid);

    private async Task ProbeAsync(int pid)
    {
        string? fault;
        try
        {
            fault = await Monitoring.Probe.RunAsync(_options, CancellationToken.None).ConfigureAwait(false);
        }
#pragma warning disable CA1031 // a probe that fails in a way of its own has failed
        catch (Exception e)
#pragma warning restore CA1031
        {
            fault = e.Message;
        }

        Post(new ProbeAnswered(pid, fault));
    }

    private void OpenNotify(Handover? handover)
    {
        if (handover is not null)
        {
            (_notify, _notifyAddress) = (handover.NotifyFd, handover.NotifyAddress);
        }
        else
        {
            string path = Path.Combine(_options.RuntimeDirectory, AngelDirectory.NotifySocket);
            AngelDirectory.Clear(_directory);
            // Where no file can be created, the abstract namespace serves: the sender is checked anyway.
            if (!TryOpenNotify(path, LogLevel.Warning))
                TryOpenNotify(string.Create(CultureInfo.InvariantCulture, $"@seamless-angel/{Environment.ProcessId}/{Convert.ToHexString(RandomNumberGenerator.GetBytes(8))}"), LogLevel.Error);
        }

        if (_notify >= 0)
            _poller.WatchInput(_notify, Tokens.Notify);
    }

    private bool TryOpenNotify(string address, LogLevel level)
    {
        try
        {
            _notify = UnixSockets.OpenDatagrams(address);
            _notifyAddress = address;
            return true;
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            Log(level, $"The notify socket '{address}' cannot be opened: {e.Message}");
            return false;
        }
    }

    private void OpenControl(Handover? handover)
    {
        try
        {
            if (handover is { ControlFd: >= 0 })
                _control = ControlSocket.Adopt(handover.ControlFd, _poller, c => _angel.OnCall(c));
            else
                _control = ControlSocket.Open(Path.Combine(_options.RuntimeDirectory, AngelDirectory.ControlSocket), _poller, c => _angel.OnCall(c));
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            Log(LogLevel.Error, $"The control socket cannot be opened, so the angel obeys only signals: {e.Message}");
        }
    }
}

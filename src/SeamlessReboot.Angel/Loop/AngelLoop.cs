using System.Runtime.InteropServices;
using System.Text;
using System.Threading.Channels;
using Microsoft.Extensions.Logging;
using SeamlessReboot.Angel.Children;
using SeamlessReboot.Angel.Control;
using SeamlessReboot.Angel.Daemon;
using SeamlessReboot.Angel.Descriptors;
using SeamlessReboot.Angel.Posix;
using SeamlessReboot.Angel.SelfReboot;
using SeamlessReboot.Posix;

namespace SeamlessReboot.Angel.Loop;

/// <summary>
/// The main loop: signals, descriptors, alarms and probes put events into one queue, and one thread takes them
/// out, one after the other. It also carries out what the angel decides.
/// </summary>
internal sealed partial class AngelLoop : ISystem, IDisposable
{
    private static readonly PosixSignal[] _signals =
        [PosixSignal.SIGHUP, PosixSignal.SIGINT, PosixSignal.SIGQUIT, PosixSignal.SIGTERM, PosixSignal.SIGCHLD, (PosixSignal)10, (PosixSignal)12];

    private readonly AngelOptions _options;
    private readonly AngelHost _host;
    private readonly ProcessStart _start = ProcessStart.Read();
    private readonly Channel<LoopEvent> _queue = Channel.CreateUnbounded<LoopEvent>(new UnboundedChannelOptions { SingleReader = true });
    private readonly List<PosixSignalRegistration> _registrations = [];
    private readonly IReadOnlyList<HeldListener> _listeners;
    private readonly DirectoryHandle _directory;
    private readonly Poller _poller;
    private readonly Alarms _alarms;
    private readonly FdStore _store;
    private readonly StderrRelay _stderr;
    private readonly Angel _angel;
    private readonly long? _serverOpenFiles;
    private ControlSocket? _control;
    private int _childSignal = -1;

    private AngelLoop(AngelOptions options, AngelHost host, DirectoryHandle directory)
    {
        Handover? handover = host.Handover;
        options = options with
        {
            // The working directory is the server's; what was named from the start has to be found from there.
            RuntimeDirectory = Path.GetFullPath(options.RuntimeDirectory),
            LookIn = options.LookIn is null ? null : Path.GetFullPath(options.LookIn),
        };
        _options = options;
        _host = host;
        _directory = directory;
        _listeners = handover?.Listeners ?? host.Listeners;
        byte[] starter = Encoding.ASCII.GetBytes(StarterPipe.Variable + "=");
        _serverOpenFiles = handover is not null ? handover.OpenFiles : OpenFileLimit.Inherited(isDaemon: _environment.Exists(v => v.AsSpan().StartsWith(starter)));
        _poller = new Poller(Post);
        _alarms = new Alarms(TimeProvider.System, () => Post(_alarmsDue));
        _store = new FdStore(options.StoreLimit, s => _poller.WatchHangUp(s.Fd, Tokens.FirstStored + s.Id), s => _poller.Forget(s.Fd));
        _stderr = new StderrRelay(handover?.ErrorPipe, handover?.UnwrittenErrors);
        _poller.WatchInput(_stderr.Pipe.Read, Tokens.Errors);
        Releases releases = new(options, new ReleaseFiles(), handover?.StartDirectory ?? _start.Directory);
        _angel = new Angel(options, host, this, _alarms, _store, releases, TimeProvider.System);
        OpenNotify(handover);
        OpenControl(handover);
    }

    private static readonly AlarmsDue _alarmsDue = new();
    private static readonly ChildrenChanged _childrenChanged = new();

    /// <summary>Runs until the angel has decided to end.</summary>
    /// <returns>The exit code.</returns>
    internal static int Run(AngelOptions options, AngelHost host)
    {
        // The server inherits what it is given and nothing that the starter has left open.
        if (!Fd.TrySetCloseOnExecFrom(3))
            foreach (int fd in Fd.ListOpen() ?? [])
                if (fd > 2)
                    Fd.TrySetCloseOnExec(fd, true);
        OpenFileLimit.Raise();
        AngelLoop loop;
        try
        {
            DirectoryHandle directory = AngelDirectory.Take(options.RuntimeDirectory, host.Handover?.DirectoryFd);
            loop = new AngelLoop(options, host, directory);
        }
        catch (AngelException e)
        {
            host.Log(LogLevel.Critical, e.Message);
            host.WhenFailed(e.ExitCode, e.Message);
            return e.ExitCode;
        }

        using (loop)
            return loop.Run();
    }

    private int Run()
    {
        Processes.BecomeSubreaper();
        foreach (PosixSignal signal in _signals)
        {
            if (signal == PosixSignal.SIGCHLD && ChildSignal.IsBlocked)
                continue;
            if ((_start.IgnoredSignals & Signals.Bit(signal)) != 0)
                Signals.StopIgnoring(signal); // under nohup, SIGHUP would never come
            _registrations.Add(PosixSignalRegistration.Create(signal, Signalled));
        }

        if (ChildSignal.IsBlocked)
            _poller.WatchInput(_childSignal = ChildSignal.Open(), Tokens.Children);
        if (_host.Handover is Handover handover)
            TakeOver(handover);
        LimitStore();
        if (_host.Handover is null)
            _angel.Begin();
        LoadWhatAnswers();
        Signals.SetThreadMask(ChildSignal.IsBlocked ? Signals.Bit(PosixSignal.SIGCHLD) : 0); // signals that have come since the previous angel's exec are delivered now
        FreezeWatch freeze = new(_alarms, TimeProvider.System);
        while (_angel.ExitCode is null)
        {
            freeze.Arm(_alarms.IsSet(Alarm.Watchdog) ? _angel.Watchdog : null);
            LoopEvent next = Next();
            if (freeze.Turn() is TimeSpan frozen)
                _angel.Handle(Event.Thawed, new EventDetails(Time: frozen));
            Handle(next);
            HandleAlarms();
        }

        return _angel.ExitCode.Value;
    }

    // To load an assembly takes a descriptor, which there may be none of by the time that somebody asks; the runtime does not try twice.
    private void LoadWhatAnswers()
    {
        _ = ControlJson.Line(_angel.Status());
        _ = ControlJson.Line(new ControlAnswer(true, ""));
    }

    // After a takeover: whatever the limit is now, nothing is dropped that is held already.
    private void LimitStore()
    {
        int own = (Fd.ListOpen()?.Count ?? 0) - _store.Count, room = StoreRoom.Of(Fd.Limit(), own);
        _store.Limit = Math.Min(_options.StoreLimit, room);
        if (room < _options.StoreLimit)
            Log(LogLevel.Information, $"The angel may have {Fd.Limit()} open files, so it can hold {room} descriptors for the server, fewer than --store-limit, {_options.StoreLimit}. "
                + "For more, raise that limit: \"ulimit -Hn\", LimitNOFILE= of systemd, --ulimit nofile= of docker.");
    }

    private LoopEvent Next()
    {
        while (true)
        {
            if (_queue.Reader.TryRead(out LoopEvent? next))
                return next;
            _queue.Reader.WaitToReadAsync().AsTask().GetAwaiter().GetResult();
        }
    }

    private void Post(LoopEvent e) => _queue.Writer.TryWrite(e);

    private void Signalled(PosixSignalContext context)
    {
        context.Cancel = true;
        if (context.Signal == PosixSignal.SIGCHLD)
            Post(_childrenChanged);
        else
            Post(new SignalArrived(Signals.Number(context.Signal)));
    }

    private void Handle(LoopEvent what)
    {
        try
        {
            switch (what)
            {
                case SignalArrived signal: _angel.OnSignal(signal.Signal); break;
                case ChildrenChanged: ReapExited(); break;
                case DescriptorReady ready: Handle(ready); break;
                case AlarmsDue: _alarms.TimerFired(); break;
                case ProbeAnswered answer: _angel.OnProbeAnswered(answer.Pid, answer.Fault); break;
                case LineFound line: _angel.OnLineFound(line.Pid); break;
                default: throw new ArgumentOutOfRangeException(nameof(what), what, "There is no handler for this.");
            }
        }
#pragma warning disable CA1031 // no error is worth the server and its connections
        catch (Exception e)
#pragma warning restore CA1031
        {
            Log(LogLevel.Error, $"The angel failed to handle {what} and continues: {e}");
        }
    }

    private void Handle(DescriptorReady ready)
    {
        switch (ready.Token)
        {
            case Tokens.Notify: ReceiveSome(); break;
            case Tokens.Children:
                ChildSignal.Take(_childSignal);
                _poller.WatchInputAgain(_childSignal, Tokens.Children);
                ReapExited();
                break;
            case Tokens.Control: _control?.Accept(); break;
            case Tokens.Errors:
                _stderr.Pump();
                _poller.WatchInputAgain(_stderr.Pipe.Read, Tokens.Errors);
                break;
            case >= Tokens.FirstConnection and < Tokens.FirstConnection + Tokens.Span: _control?.Read(ready.Token - Tokens.FirstConnection); break;
            case >= Tokens.FirstStored and < Tokens.FirstStored + Tokens.Span: _store.Drop(ready.Token - Tokens.FirstStored); break;
            default: OnMainPidExited((int)(ready.Token - Tokens.FirstProcess)); break;
        }
    }

    private void ReapExited()
    {
        if (!_angel.ReapExited())
            Post(_childrenChanged);
    }

    private void HandleAlarms()
    {
        try
        {
            while (_angel.ExitCode is null && _alarms.TakeDue() is Alarm alarm)
                _angel.OnAlarm(alarm);
        }
#pragma warning disable CA1031 // as above
        catch (Exception e)
#pragma warning restore CA1031
        {
            Log(LogLevel.Error, $"The angel failed to handle an alarm and continues: {e}");
        }
    }

    public void Dispose()
    {
        _stderr.Drain();
        _stderr.Flush(TimeSpan.FromSeconds(2));
        foreach (PosixSignalRegistration registration in _registrations)
            registration.Dispose();
        _alarms.Dispose();
        _lookFor.Dispose();
        AngelDirectory.Clear(_directory);
        _directory.Dispose();
    }

    private void Log(LogLevel level, string text)
    {
        try
        {
            _host.Log(level, text);
        }
#pragma warning disable CA1031 // the angel survives a log that cannot be written
        catch (Exception)
#pragma warning restore CA1031
        {
        }
    }
}

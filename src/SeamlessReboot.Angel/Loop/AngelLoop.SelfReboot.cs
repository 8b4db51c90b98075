using System.Globalization;
using System.Text;
using Microsoft.Extensions.Logging;
using SeamlessReboot.Angel.Posix;
using SeamlessReboot.Angel.SelfReboot;
using SeamlessReboot.Posix;

namespace SeamlessReboot.Angel.Loop;

// The angel's own reboot: its new version is tried, then takes this one's place in the same process. The server notices nothing:
// its messages wait in the socket, clients wait in the backlog, and processes that end are reaped by the new angel.
internal sealed partial class AngelLoop
{
    private static readonly TimeSpan _checkTime = TimeSpan.FromSeconds(30);
    private readonly List<byte[]> _commandLine = ProcessStart.CommandLine();
    private int _check;

    private string StartDirectory => _host.Handover?.StartDirectory ?? _start.Directory;

    public void RebootSelf()
    {
        if (_check != 0)
            return;
        try
        {
            string program = FindSelf();
            // What the host takes for itself, as "dotnet" takes the assembly's name, comes before what Main gets.
            int hosts = _commandLine.Count - (Environment.GetCommandLineArgs().Length - 1);
            string[] command = [.. _commandLine.Take(hosts).Select(Encoding.UTF8.GetString), HandoverCheck.Name, Handover.Version];
            _check = Spawn.Start(program, command, _environment, [], output: -1, _stderr.Pipe.Write);
            _alarms.Set(Alarm.Check, _checkTime);
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            CallOffSelfReboot(e.Message);
        }
    }

    public void KillSelfCheck() => Processes.SendGroup(_check, 9);

    public bool HandleSelfCheckExit(int pid, ExitStatus status)
    {
        if (pid != _check)
            return false;
        _check = 0;
        _alarms.Clear(Alarm.Check);
        if (status.Code == HandoverCheck.Fine)
            HandOver();
        else if (status.Code == HandoverCheck.Different)
            CallOffSelfReboot("the new version takes over in another format. Stop the angel and start the new one.");
        else
            CallOffSelfReboot($"the new version does not start: {status}.");
        return true;
    }

    private void CallOffSelfReboot(string why) => Log(LogLevel.Error, $"The angel's own reboot was called off, nothing has changed: {why}");

    private string FindSelf()
    {
        Environment.CurrentDirectory = StartDirectory;
        string? path = _environment.Find(v => v.AsSpan().StartsWith("PATH="u8)) is byte[] variable ? Encoding.UTF8.GetString(variable.AsSpan(5)) : null;
        return ProcessImage.Resolve(Encoding.UTF8.GetString(_commandLine[0]), path, StartDirectory);
    }

    private void HandOver()
    {
        List<DescriptorReady> ready = []; // these stay ready for the next angel
        while (_queue.Reader.TryRead(out LoopEvent? queued))
            if (queued is DescriptorReady one)
                ready.Add(one);
            else
                Handle(queued);
        if (_angel.State is State.Stopping or State.Ended)
        {
            ready.ForEach(Post);
            return;
        }

        Stack<Action> undo = new();
        try
        {
            _stderr.Flush(TimeSpan.FromSeconds(1));
            Handover handover = CreateHandover();
            int memory = handover.Write();
            undo.Push(() => Fd.Close(memory));
            foreach (int fd in (int[])[memory, .. handover.Descriptors()])
                if (Fd.TrySetCloseOnExec(fd, false))
                    undo.Push(() => Fd.TrySetCloseOnExec(fd, true));
            string program = FindSelf();
            undo.Push(DiagnosticsSocket.MoveAside(new HostProcess()));
            // Until the new image has handlers, these would end the process. So they are blocked.
            ulong before = Signals.SetThreadMask(_signals.Aggregate(0UL, (mask, s) => mask | Signals.Bit(s)));
            undo.Push(() => Signals.SetThreadMask(before));
            byte[] variable = Encoding.ASCII.GetBytes(string.Create(CultureInfo.InvariantCulture, $"{Handover.Variable}={memory}"));
            ProcessImage.Execute(program, _commandLine, [.. _environment.Where(v => !v.AsSpan().StartsWith("SEAMLESS_ANGEL_"u8)), variable]);
        }
#pragma warning disable CA1031 // on any failure the old angel goes on
        catch (Exception e)
#pragma warning restore CA1031
        {
            while (undo.TryPop(out Action? back))
                back();
            CallOffSelfReboot(e.Message);
            ready.ForEach(Post);
        }
    }

    private Handover CreateHandover() => _angel.CreateHandover() with
    {
        StartDirectory = StartDirectory,
        RuntimeDirectory = _options.RuntimeDirectory,
        DirectoryFd = (int)_directory.Handle.DangerousGetHandle(),
        Listeners = [.. _listeners],
        KeptOpen = new Dictionary<string, int>(_host.KeptOpen),
        NotifyFd = _notify,
        NotifyAddress = _notifyAddress,
        ControlFd = _control?.Listener ?? -1,
        Connections = [.. (_control?.Connections ?? []).Select(c => new HandedConnection(c.Fd, c.Text))],
        ErrorPipe = _stderr.Pipe,
        UnwrittenErrors = _stderr.Unwritten(),
        LastWords = _stderr.LastWords.Lines,
        OpenFiles = _serverOpenFiles,
        Stored = [.. _store.Entries.Select(s => new HandedFd(s.Fd, s.Name, s.Watched))],
    };

    private void TakeOver(Handover handover)
    {
        DiagnosticsSocket.RemoveOld(new HostProcess());
        _stderr.LastWords.Add(handover.LastWords);
        foreach (HandedFd stored in handover.Stored)
            _store.Add(stored.Fd, stored.Name, stored.Watched);
        _angel.Resume(handover);
        foreach (HandedConnection connection in handover.Connections)
            _control?.Adopt(connection.Fd, connection.Text);
        Post(_childrenChanged);
        Log(LogLevel.Information, $"The angel, PID {Environment.ProcessId}, has rebooted itself; it holds {_store.Count} descriptors.");
    }
}

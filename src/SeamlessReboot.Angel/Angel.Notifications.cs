using Microsoft.Extensions.Logging;
using SeamlessReboot.Angel.Children;
using SeamlessReboot.Angel.Descriptors;
using SeamlessReboot.Angel.Loop;
using SeamlessReboot.Angel.Monitoring;
using SeamlessReboot.Posix;

namespace SeamlessReboot.Angel;

// Messages to the notify socket.
internal sealed partial class Angel
{
    private static readonly TimeSpan _refusalInterval = TimeSpan.FromMinutes(1);
    private long _refused, _refusedLogged, _full, _fullLogged;

    /// <summary>One datagram, and the descriptors that came with it: they are closed here, or stored.</summary>
    /// <param name="sender">Its PID.</param>
    /// <param name="datagram">What it says.</param>
    /// <param name="descriptors">What came along.</param>
    /// <param name="isCut">More came along, and the kernel had no room for it in this process.</param>
    internal void OnNotification(int sender, ReadOnlySpan<byte> datagram, List<int> descriptors, bool isCut = false)
    {
        Child? who = sender <= 0 ? null : sender == _main?.Pid ? _main : sender == _next?.Pid ? _next : null;
        if (who is null)
        {
            Close(descriptors);
            if (!_retiring.Exists(c => c.Pid == sender)) // messages of a server that is told to end are expected
                CountRefused(sender);
            return;
        }

        NotifyMessage message = NotifyMessage.Parse(datagram);
        UpdateChild(who, message);
        if (message.Store && !isCut)
            Store(message, descriptors);
        else
            Close(descriptors); // of a message that was cut too: they have taken the last room, which the angel needs itself
        if (message.Store && isCut)
            CountStoreFull(isCut);
        if (message.Remove && message.Name is string name)
            _store.Remove(name);
        HandleMessage(who, message);
    }

    /// <summary>A datagram longer than the protocol allows.</summary>
    internal void OnOversizedNotification(int sender, List<int> descriptors)
    {
        Close(descriptors);
        CountRefused(sender);
    }

    private void UpdateChild(Child who, NotifyMessage message)
    {
        if (message.IsKnown && !who.HasNotified)
        {
            who.HasNotified = true;
            // A start-up delay is running for it, because it was presumed not to notify.
            if (_options.Notifies is null && (message.Ready || message.Seamless is not null))
                _notifies = true;
        }

        if (message.Ready && _options.Notifies is null)
            _notifies = true;
        if (message.Seamless is not null)
            who.Seamless = message.Seamless;
        if (message.Status is not null)
            who.StatusText = message.Status;
        if (message.ErrorNumber is int error)
            Warn($"The server, PID {who.Pid}, reports errno {error}.");
        if (message.Watchdog is TimeSpan watchdog)
        {
            who.Watchdog = watchdog > TimeSpan.Zero ? watchdog : null;
            if (who == _main)
                Handle(Event.Heartbeat);
        }
    }

    private void HandleMessage(Child who, NotifyMessage message)
    {
        if (message.MoreTime is TimeSpan time && (who == _next) == (State == State.RollingOver))
            Handle(Event.MoreTimeRequested, new EventDetails(Time: time));
        if (who == _next)
        {
            if (message.Ready)
                Handle(Event.NextReady);
            return;
        }

        if (message.MainPid is int pid)
            Handle(Event.MainPidChanged, new EventDetails(Number: pid));
        if (message.Reloading)
            Handle(Event.MainReloading);
        if (message.Ready)
            Handle(Event.MainReady);
        if (message.Stopping)
            Handle(Event.MainStopping);
        if (message.Heartbeat)
            Handle(Event.Heartbeat);
        if (message.Checkpoint is bool written)
            Handle(Event.CheckpointDone, new EventDetails(Number: written ? 1 : 0));
        if (message.Trigger)
            Handle(Event.MainHung, new EventDetails(Text: "it reported a hang itself (WATCHDOG=trigger)"));
    }

    private void Store(NotifyMessage message, List<int> descriptors)
    {
        foreach (int fd in descriptors)
            if (_store.Add(fd, message.Name ?? FdStore.NoName, message.Watched) == StoreResult.Full)
                CountStoreFull();
    }

    private static void Close(List<int> descriptors)
    {
        foreach (int fd in descriptors)
            Fd.Close(fd);
    }

    // The first at once, later ones in one line a minute: a flood must not fill the log.
    private void CountRefused(int sender)
    {
        _refused++;
        if (_alarms.IsSet(Alarm.Refusals))
            return;
        Warn($"A message to the notify socket was refused: it came from PID {sender}, which is not the server's main process.");
        _refusedLogged = _refused;
        _alarms.Set(Alarm.Refusals, _refusalInterval);
    }

    private void CountStoreFull(bool isCut = false)
    {
        _full++;
        if (_alarms.IsSet(Alarm.Refusals) && _fullLogged > 0)
            return;
        (string cause, string remedy) = isCut || _store.Limit < _options.StoreLimit
            ? ($", and the angel may have {Fd.Limit()} open files in all", "Raise that limit: \"ulimit -Hn\", LimitNOFILE= of systemd, --ulimit nofile= of docker.")
            : ("", "Raise --store-limit.");
        Log(LogLevel.Error, $"The store is full: it holds {_store.Count} descriptors{cause}. One more was refused, and its connection will not survive a crash. {remedy}");
        _fullLogged = _full;
        _alarms.Set(Alarm.Refusals, _refusalInterval);
    }

    private void LogRefusals()
    {
        if (_refused > _refusedLogged)
            Warn($"{_refused - _refusedLogged} more messages to the notify socket were refused in the last minute.");
        if (_full > _fullLogged)
            Log(LogLevel.Error, $"{_full - _fullLogged} more descriptors were refused in the last minute, because the store is full.");
        bool more = _refused > _refusedLogged || _full > _fullLogged;
        (_refusedLogged, _fullLogged) = (_refused, more ? _full : 0);
        if (more)
            _alarms.Set(Alarm.Refusals, _refusalInterval);
    }
}

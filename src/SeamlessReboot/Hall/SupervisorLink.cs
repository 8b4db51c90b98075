using System.Diagnostics;
using System.Globalization;
using System.Net.Sockets;
using System.Runtime.InteropServices;
using SeamlessReboot.Descriptors;
using SeamlessReboot.Posix;
using SeamlessReboot.Spool;
using SeamlessReboot.Supervision;

namespace SeamlessReboot;

/// <summary>
/// The library's half of the conversation with systemd or the angel: what it holds for us, and what it has to be told. Without a
/// supervisor it does nothing. Thread-safe after Ready.
/// </summary>
internal sealed class SupervisorLink : IDisposable
{
    /// <summary>Under which the spool directory's descriptor is held.</summary>
    internal const string SpoolName = "seamless";
    private static readonly TimeSpan _drainTimeout = TimeSpan.FromSeconds(1);
    private readonly ServerContext _context;
    private readonly Supervisor? _supervisor;
    private readonly List<Made> _later = []; // before Ready
    private Watchdog? _watchdog;

    internal SupervisorLink(ServerContext context)
    {
        _context = context;
        if (!Rebooter.IsSupported)
            return;
        _supervisor = Supervisor.Find(context.Process, sentence => Log.Supervisor(context.Log, sentence));
        _supervisor?.Notify("STATUS=Starting", "X_SEAMLESSREBOOT=1", "X_SEAMLESSREBOOT_NAMES=1"); // so that nobody takes a slow start for one that says nothing
    }

    /// <summary>True when a death of this process drops nobody.</summary>
    internal bool HoldsDescriptors => _supervisor is { HoldsDescriptors: true };

    internal bool IsThere => _supervisor is not null;

    // Never given twice, whichever process asks, so nothing has to be remembered; and short, because all names go into one variable.
    internal static string NameOf(char kind, ReadOnlySpan<byte> identity) => kind + (FdIdentity.Decode(identity)?.Key ?? "");

    internal static string NameOf(char kind, SafeHandle handle) => kind + FdIdentity.Of(handle).Key;

    internal static string NameOf(SpoolRecord record) => record.Kind switch
    {
        SpoolRecordKind.Listener => NameOf('l', record.Identity.Span),
        SpoolRecordKind.Descriptor => NameOf('k', record.Identity.Span),
        _ => NameOf('c', record.Identity.Span),
    };

    /// <summary>Before the server knows of it, so that a death in the next moment does not reset somebody who was just let in.</summary>
    internal Socket HoldAccepted(Socket socket)
    {
        if (!HoldsDescriptors)
            return socket;
        string name = NameOf('c', socket.SafeHandle);
        _supervisor!.Store(name, socket.SafeHandle, dropWhenDead: true);
        return AcceptedSocket.Of(socket, name, _supervisor.Remove);
    }

    /// <summary>One that is held already, and that it has to let go when the server closes it.</summary>
    internal Socket AdoptAccepted(Socket socket) =>
        HoldsDescriptors ? AcceptedSocket.Of(socket, NameOf('c', socket.SafeHandle), _supervisor!.Remove) : socket;

    /// <summary>One that is not to outlive this process.</summary>
    internal void ReleaseAccepted(Socket socket)
    {
        if (socket is not AcceptedSocket { IsHeld: true } held)
            return;
        held.IsHeld = false;
        _supervisor!.Remove(held.StoreName);
    }

    internal void HoldSession(SessionEntry entry)
    {
        if (!HoldsDescriptors || entry.Session.Socket is AcceptedSocket { IsHeld: true })
            return;
        if (entry.Session.Socket is AcceptedSocket released)
            released.IsHeld = true;
        _supervisor!.Store(NameOf('c', entry.Identity), entry.Session.Socket.SafeHandle, dropWhenDead: true);
    }

    internal void ReleaseSession(SessionEntry entry)
    {
        if (HoldsDescriptors && entry.Session.Socket is not AcceptedSocket) // that one says so itself, when it is closed
            _supervisor!.Remove(NameOf('c', entry.Identity));
    }

    /// <summary>Of a listener ('l') or a kept descriptor ('k') that was made before Ready: it is given away at Ready.</summary>
    internal void HoldLater(char kind, SafeHandle handle)
    {
        if (HoldsDescriptors)
            _later.Add(new Made(kind, handle));
    }

    internal void HoldWhatWasMade()
    {
        foreach (Made made in _later)
            if (!made.Handle.IsClosed)
                Hold(made.Kind, made.Handle);
        _later.Clear();
    }

    /// <summary>Of a listener that is made after Ready.</summary>
    internal void Hold(char kind, SafeHandle handle)
    {
        if (HoldsDescriptors)
            _supervisor!.Store(NameOf(kind, handle), handle);
    }

    internal void ReleaseListener(Socket listener)
    {
        if (HoldsDescriptors && !listener.SafeHandle.IsClosed)
            _supervisor!.Remove(NameOf('l', listener.SafeHandle));
    }

    internal void HoldSpool(SpoolDirectory spool)
    {
        if (!HoldsDescriptors)
            return;
        _supervisor!.Remove(SpoolName);
        _supervisor.Store(SpoolName, spool.Handle);
    }

    internal void Release(string name) => _supervisor?.Remove(name);

    // Between the kernel letting a client in and the supervisor having it, a death resets the client. What is first run there is compiled
    // here, on what the supervisor has already.
    internal void PrepareHolding(SpoolDirectory held)
    {
        if (!HoldsDescriptors)
            return;
        using Socket any = new(AddressFamily.InterNetwork, SocketType.Stream, ProtocolType.Tcp);
        _ = NameOf('c', any.SafeHandle);
        _supervisor!.Store(SpoolName, held.Handle);
    }

    internal void NotifyReady(int generation, string status, string spoolPath)
    {
        if (_supervisor is null)
            return;
        List<string> lines =
        [
            "READY=1", Text($"MAINPID={_context.Process.Pid}"), "STATUS=" + status, "X_SEAMLESSREBOOT=1", "X_SEAMLESSREBOOT_NAMES=1",
            Text($"X_SEAMLESSREBOOT_GENERATION={generation}"), "X_SEAMLESSREBOOT_SPOOL=" + spoolPath,
        ];
        if (_context.Options.RebootSignals.Count > 0)
            lines.Add(Text($"X_SEAMLESSREBOOT_REBOOT_SIGNAL={Signals.Number(_context.Options.RebootSignals.First())}"));
        if (_context.Options.CheckpointSignals.Count > 0)
            lines.Add(Text($"X_SEAMLESSREBOOT_CHECKPOINT_SIGNAL={Signals.Number(_context.Options.CheckpointSignals.First())}"));
        _supervisor.Notify([.. lines]);
    }

    // The stopwatch is CLOCK_MONOTONIC.
    internal void NotifyReloading() =>
        _supervisor?.Notify("RELOADING=1", Text($"MONOTONIC_USEC={(long)Stopwatch.GetElapsedTime(0).TotalMicroseconds}"));

    internal void NotifyCheckpoint(bool isTaken, string status) =>
        _supervisor?.Notify("STATUS=" + status, "X_SEAMLESSREBOOT_CHECKPOINT=" + (isTaken ? "1" : "0"));

    /// <param name="isExcused">Whether the application cannot give signs just now, because a reboot holds it.</param>
    internal void StartWatchdog(Func<bool> isExcused)
    {
        if (_supervisor is { Watchdog: not null })
            _watchdog = new Watchdog(_supervisor, isExcused);
    }

    internal void Beat() => _watchdog?.Beat();

    internal void Drain() => _supervisor?.Drain(_drainTimeout);

    /// <summary>An orderly end: nobody is to come back.</summary>
    /// <param name="held">The names of all that it holds for us.</param>
    internal void Leave(IEnumerable<string> held)
    {
        if (_supervisor is null)
            return;
        foreach (string name in held.Append(SpoolName).Distinct().ToArray())
            _supervisor.Remove(name);
        _supervisor.Notify("STOPPING=1");
        Drain();
    }

    public void Dispose() => _watchdog?.Dispose();

    private static string Text(FormattableString text) => text.ToString(CultureInfo.InvariantCulture);

    private sealed record Made(char Kind, SafeHandle Handle);
}

using System.Net;
using System.Net.Sockets;
using System.Runtime.InteropServices;

namespace SeamlessReboot;

// What an application says about itself, most of it before Ready.
public sealed partial class Rebooter
{
    /// <summary>A listening socket: before <see cref="Ready"/> the inherited one of this end point, or a new one.</summary>
    /// <param name="endPoint">
    /// IPv4, IPv6 (which does not take IPv4 clients: listen on both) or a unix socket. Port 0 lets the kernel choose, and the
    /// choice stays over reboots. A socket file that nobody listens on any more is replaced.
    /// </param>
    /// <param name="backlog">How many clients may wait to be accepted, also while the process is being replaced.</param>
    /// <remarks>
    /// It can be called after <see cref="Ready"/> too, when the configuration has changed; while a reboot holds everyone, the call waits. The
    /// next image has to call it before its <see cref="Ready"/>, which closes every inherited listener that nobody has asked for.
    /// </remarks>
    /// <exception cref="SocketException">The address cannot be bound.</exception>
    /// <exception cref="InvalidOperationException">Called from within a reboot.</exception>
    /// <exception cref="ObjectDisposedException">The rebooter has been disposed.</exception>
    public Socket Listen(EndPoint endPoint, int backlog = 512)
    {
        ArgumentNullException.ThrowIfNull(endPoint);
        ArgumentOutOfRangeException.ThrowIfNegativeOrZero(backlog);
        ObjectDisposedException.ThrowIf(_hall.Population.Phase == Phase.Stopped, this);
        if (_hall.Population.Phase != Phase.Starting)
            return _hall.Population.WhenNotFrozen(() => ListenAnew(_hall.Listeners.FreeName(endPoint), endPoint, backlog));
        Arrival arrival = RequireStarting(nameof(Listen));
        string name = _hall.Listeners.FreeName(endPoint);
        Socket? inherited = arrival.TakeListener(name, endPoint);
        Socket listener = inherited ?? ListeningSocket.Open(endPoint, backlog);
        if (inherited is null)
            _hall.Supervisor.HoldLater('l', listener.SafeHandle);
        _hall.Listeners.Add(name, listener);
        return listener;
    }

    /// <summary>
    /// Closes a listener, and forgets it: the next image does not get it, and a unix socket's file is removed. Who has been accepted stays;
    /// who waits to be is refused. A pending <see cref="AcceptAsync(Socket, CancellationToken)"/> ends with an
    /// <see cref="ObjectDisposedException"/>. While a reboot holds everyone, the call waits.
    /// </summary>
    /// <param name="listener">From <see cref="Listen"/>.</param>
    /// <returns>False when it is none, or was given back already.</returns>
    /// <exception cref="InvalidOperationException">Called from within a reboot.</exception>
    public bool Unlisten(Socket listener)
    {
        ArgumentNullException.ThrowIfNull(listener);
        string? name = _hall.Population.WhenNotFrozen(() => _hall.Listeners.Remove(listener));
        if (name is null)
            return false;
        _hall.Supervisor.ReleaseListener(listener);
        listener.Dispose();
        ListeningSocket.RemoveFile(name);
        _hall.Acceptor.TurnAway(name);
        return true;
    }

    /// <summary>Keeps a piece of system state over reboots.</summary>
    /// <param name="name">Its name in the spool; the same in every version.</param>
    /// <param name="save">Called when all sessions are suspended.</param>
    /// <param name="restore">
    /// Called inside <see cref="Ready"/>, before any session is restored, if the image before has kept state of this name. Several pieces
    /// come in the order in which they were registered. An exception is taken for a crash of the new version.
    /// </param>
    /// <typeparam name="T">The type it is written and read as.</typeparam>
    /// <exception cref="ArgumentException">The name has been used already.</exception>
    /// <exception cref="InvalidOperationException">Called after <see cref="Ready"/>.</exception>
    public void Keep<T>(string name, Func<T> save, Action<T> restore) => Register(name, save, restore, load: null);

    /// <summary>Keeps a piece of system state over reboots that a cold start loads from somewhere else: a file, a database.</summary>
    /// <param name="name">Its name in the spool; the same in every version.</param>
    /// <param name="save">Called when all sessions are suspended.</param>
    /// <param name="restore">Called inside <see cref="Ready"/>, before any session is restored: with the state that was kept, or what was loaded.</param>
    /// <param name="whenNone">
    /// Loads it, when there is none to restore: at a cold start, in the first version that keeps it, and when the server starts without its
    /// sessions after too many crashes. Called inside <see cref="Ready"/>, before anything is restored. An exception leaves
    /// <see cref="Ready"/>. A rehearsal calls it only when the server beside it has no such state.
    /// </param>
    /// <typeparam name="T">The type it is written and read as.</typeparam>
    /// <exception cref="ArgumentException">The name has been used already.</exception>
    /// <exception cref="InvalidOperationException">Called after <see cref="Ready"/>.</exception>
    public void Keep<T>(string name, Func<T> save, Action<T> restore, Func<T> whenNone)
    {
        ArgumentNullException.ThrowIfNull(whenNone);
        Register(name, save, restore, load: _ => Task.FromResult(whenNone()));
    }

    /// <summary>The same, loaded asynchronously: <see cref="ReadyAsync"/> awaits it, <see cref="Ready"/> blocks until it is there.</summary>
    /// <param name="name">Its name in the spool; the same in every version.</param>
    /// <param name="save">Called when all sessions are suspended.</param>
    /// <param name="restore">Called inside <see cref="Ready"/>, before any session is restored: with the state that was kept, or what was loaded.</param>
    /// <param name="whenNone">See <see cref="Keep{T}(string, Func{T}, Action{T}, Func{T})"/>. The token is that of <see cref="ReadyAsync"/>.</param>
    /// <typeparam name="T">The type it is written and read as.</typeparam>
    /// <exception cref="ArgumentException">The name has been used already.</exception>
    /// <exception cref="InvalidOperationException">Called after <see cref="Ready"/>.</exception>
    public void Keep<T>(string name, Func<T> save, Action<T> restore, Func<CancellationToken, Task<T>> whenNone)
    {
        ArgumentNullException.ThrowIfNull(whenNone);
        Register(name, save, restore, load: whenNone);
    }

    /// <summary>Keeps a descriptor open over reboots: a pipe, a file with a lock, a device.</summary>
    /// <param name="name">Its name; the same in every version.</param>
    /// <param name="open">Called if the image before has kept none of this name.</param>
    /// <returns>The inherited handle, or what <paramref name="open"/> has returned. Yours to dispose; then it is no longer kept.</returns>
    /// <exception cref="ArgumentException">The name has been used already.</exception>
    /// <exception cref="InvalidOperationException">Called after <see cref="Ready"/>.</exception>
    public SafeHandle KeepOpen(string name, Func<SafeHandle> open)
    {
        ArgumentException.ThrowIfNullOrEmpty(name);
        ArgumentNullException.ThrowIfNull(open);
        Arrival arrival = RequireStarting(nameof(KeepOpen));
        _hall.Kept.RequireNewDescriptor(name);
        SafeHandle? inherited = arrival.TakeKept(name);
        SafeHandle handle = inherited ?? open();
        if (inherited is null)
            _hall.Supervisor.HoldLater('k', handle);
        _hall.Kept.Add(name, handle);
        return handle;
    }

    /// <summary>
    /// Adds to what <see cref="RebooterOptions.OnSuspending"/> does, for the parts of a server that do not know its options: the last
    /// that was added is called first, the option's last, and all together have <see cref="RebooterOptions.FlushTimeout"/>.
    /// </summary>
    /// <param name="suspending">Called before the process is replaced. See <see cref="RebooterOptions.OnSuspending"/>.</param>
    /// <param name="calledOff">
    /// Called when <paramref name="suspending"/> was called and the reboot does not come: to open again what that has closed. In the
    /// opposite order, and before anybody runs again. What it throws is logged.
    /// </param>
    /// <exception cref="InvalidOperationException">Called after <see cref="Ready"/>.</exception>
    public void OnSuspending(Func<CancellationToken, ValueTask> suspending, Func<ValueTask>? calledOff = null)
    {
        ArgumentNullException.ThrowIfNull(suspending);
        RequireStarting(nameof(OnSuspending));
        _hall.Hooks.Add(suspending, calledOff);
    }

    /// <summary>Says how a session is brought back.</summary>
    /// <param name="restore">
    /// Called inside <see cref="Ready"/> for each session, in the order in which they were once added. Returns the living session,
    /// which is then resumed. If it throws, that one session is quarantined: its client is told so, its record kept.
    /// </param>
    /// <param name="whenAllRestored">
    /// Called once after a reboot, when all sessions are restored and none runs yet: the place to join what refers to one another.
    /// </param>
    /// <exception cref="InvalidOperationException">Called twice, or after <see cref="Ready"/>.</exception>
    public void Restore(Func<RestoredSession, IRebootSession> restore, Action? whenAllRestored = null) =>
        Register(restore, whenAllRestored is null ? null : _ => whenAllRestored());

    /// <summary>Says how a session is brought back.</summary>
    /// <param name="restore">See <see cref="Restore(Func{RestoredSession, IRebootSession}, Action)"/>.</param>
    /// <param name="whenAllRestored">
    /// Called once after a reboot, when all sessions are restored and none runs yet, with those that did not come back: the place to take
    /// a lost character out of the world. <see cref="LostSession.ReadState{TState}"/> works until it returns.
    /// </param>
    /// <exception cref="InvalidOperationException">Called twice, or after <see cref="Ready"/>.</exception>
    public void Restore(Func<RestoredSession, IRebootSession> restore, Action<IReadOnlyList<LostSession>> whenAllRestored)
    {
        ArgumentNullException.ThrowIfNull(whenAllRestored);
        Register(restore, whenAllRestored);
    }

    /// <summary>Says how a session is brought back, where it needs no more than its connection and its state.</summary>
    /// <param name="restore">
    /// Given the connection, with its unread input and unsent output, and the state. See
    /// <see cref="Restore(Func{RestoredSession, IRebootSession}, Action)"/>.
    /// </param>
    /// <param name="options">Limits of the connections; the defaults if null.</param>
    /// <typeparam name="TState">The type that the state was captured as.</typeparam>
    /// <exception cref="InvalidOperationException">Called twice, or after <see cref="Ready"/>.</exception>
    public void Restore<TState>(Func<SessionConnection, TState, IRebootSession> restore, SessionConnectionOptions? options = null)
    {
        ArgumentNullException.ThrowIfNull(restore);
        Register(saved => restore(saved.OpenConnection(options), saved.ReadState<TState>()), whenAllRestored: null);
    }

    private Socket ListenAnew(string name, EndPoint endPoint, int backlog)
    {
        Socket listener = ListeningSocket.Open(endPoint, backlog);
        _hall.Listeners.Add(name, listener);
        _hall.Supervisor.Hold('l', listener.SafeHandle);
        return listener;
    }

    private void Register<T>(string name, Func<T> save, Action<T> restore, Func<CancellationToken, Task<T>>? load)
    {
        ArgumentException.ThrowIfNullOrEmpty(name);
        ArgumentNullException.ThrowIfNull(save);
        ArgumentNullException.ThrowIfNull(restore);
        RequireStarting(nameof(Keep));
        IStateSerializer serializer = _hall.Context.Serializer;
        _hall.Kept.Add(new KeptState(name, typeof(T), writer => serializer.Serialize(writer, save(), typeof(T)),
            data => restore((T)serializer.Deserialize(data, typeof(T))!), load is null ? null : LoadAsync));

        async Task<Action> LoadAsync(CancellationToken cancellationToken)
        {
            T loaded = await load(cancellationToken).ConfigureAwait(false);
            return () => restore(loaded);
        }
    }

    private void Register(Func<RestoredSession, IRebootSession> restore, Action<IReadOnlyList<LostSession>>? whenAllRestored)
    {
        ArgumentNullException.ThrowIfNull(restore);
        RequireStarting(nameof(Restore));
        if (_restore is not null)
            throw new InvalidOperationException("Restore was called twice. Use one callback, and RestoredSession.Kind to tell sessions apart.");
        _restore = restore;
        _whenRestored = whenAllRestored;
    }
}

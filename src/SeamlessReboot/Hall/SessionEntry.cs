using System.Net.Sockets;

namespace SeamlessReboot;

/// <summary>A living session, its number, and what its descriptor has to be.</summary>
internal sealed class SessionEntry(long id, IRebootSession session, byte[] identity, bool isSuspended = false)
{
    private readonly Lock _gate = new();
    private bool _isSuspended = isSuspended;
    private bool _wasResumed;

    internal long Id { get; } = id;

    internal IRebootSession Session { get; } = session;

    /// <summary>The session's, as it was when it was added.</summary>
    internal Socket Socket { get; } = session.Socket;

    internal byte[] Identity { get; } = identity;

    /// <summary>Its connection has been closed on this side, and it is finishing what it does.</summary>
    internal bool IsLeaving => Session.Socket.SafeHandle.IsClosed || Session is IEndingSession { IsLeaving: true };

    /// <summary>In the spool.</summary>
    internal string Name => "s" + Id.ToString(System.Globalization.CultureInfo.InvariantCulture);

    // A session is added while a reboot begins: whichever comes first, Resume and Suspend must not cross.
    internal void ResumeUnlessSuspended()
    {
        lock (_gate)
        {
            if (_isSuspended)
                return;
            _wasResumed = true;
            Session.Resume();
        }
    }

    internal ValueTask SuspendAsync(CancellationToken cancellationToken)
    {
        lock (_gate)
        {
            _isSuspended = true;
            if (!_wasResumed)
                return ValueTask.CompletedTask;
        }

        return Session.SuspendAsync(cancellationToken);
    }

    internal void Resume()
    {
        lock (_gate)
            _isSuspended = false;
        ResumeUnlessSuspended();
    }
}

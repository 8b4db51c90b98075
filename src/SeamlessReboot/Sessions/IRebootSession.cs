using System.Net.Sockets;

namespace SeamlessReboot;

/// <summary>
/// One living connection that is carried over a reboot. Implement it in a server that owns its buffers; otherwise derive from
/// <see cref="RebootSession{TState}"/>, which does the work.
/// </summary>
/// <remarks>
/// The calls come in the order Resume, Suspend, Capture, and then either the process is replaced or Resume is called again,
/// because the reboot was called off or was only a checkpoint. They never overlap for one session, and may come on any thread.
/// Under a supervisor that holds descriptors, Capture is also called once before the first Resume, when the session is added.
/// </remarks>
public interface IRebootSession
{
    /// <summary>The connection. The same object for as long as the session lives.</summary>
    Socket Socket { get; }

    /// <summary>Runs the session: after it was added, after it was restored, and after a reboot that was called off.</summary>
    void Resume();

    /// <summary>
    /// Stops at a safe point: the task completes when the session has acted on all input that it has taken, and takes no more.
    /// Other sessions may still write to this one until <see cref="Capture"/>.
    /// </summary>
    /// <param name="cancellationToken">Cancelled when the time limit is over and the reboot is called off.</param>
    ValueTask SuspendAsync(CancellationToken cancellationToken);

    /// <summary>Says all that the next image needs. From here until <see cref="Resume"/> nothing may be read or written.</summary>
    /// <exception cref="Exception">
    /// The session cannot be carried. What follows is decided by <see cref="RebooterOptions.SessionFailure"/>.
    /// </exception>
    SessionSnapshot Capture();
}

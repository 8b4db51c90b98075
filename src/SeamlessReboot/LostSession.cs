namespace SeamlessReboot;

/// <summary>A session that did not come through a reboot.</summary>
/// <param name="Id">Its number: sessions are counted from 1 as they are added, and keep their number over reboots.</param>
/// <param name="Reason">Why, in a sentence.</param>
/// <param name="StateFile">Where its record is kept for somebody to look at, or null.</param>
/// <param name="Kind">As given in <see cref="SessionSnapshot.Kind"/>; empty when it is not known.</param>
public sealed record LostSession(long Id, string Reason, string? StateFile = null, string Kind = "")
{
    /// <summary>
    /// True when its state is at hand: in the callback of <see cref="Rebooter.Restore(Func{RestoredSession, IRebootSession}, Action{IReadOnlyList{LostSession}})"/>,
    /// unless it could not be captured at all. False in reports.
    /// </summary>
    public bool HasState => State is not null;

    /// <summary>How the state is read, as long as it is at hand.</summary>
    internal Func<Type, object?>? State { get; set; }

    /// <summary>Reads the session's state, to take out of the world what belonged to it.</summary>
    /// <typeparam name="TState">The type it was captured as, in this version's shape.</typeparam>
    /// <exception cref="InvalidOperationException">There is none at hand; see <see cref="HasState"/>.</exception>
    /// <exception cref="InvalidDataException">It is null. Exceptions of the serializer come through as they are.</exception>
    /// <remarks>A session is often lost because its state does not load. Then it does not here either: catch that, or read another type.</remarks>
    public TState ReadState<TState>()
    {
        if (State is null)
            throw new InvalidOperationException($"The state of session {Id} is not at hand. Read it in Restore's whenAllRestored callback, and only if HasState is true.");
        return State(typeof(TState)) is TState state ? state : throw new InvalidDataException($"The state of session {Id} is null.");
    }
}

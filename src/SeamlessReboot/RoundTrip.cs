using System.Buffers;
using System.Diagnostics.CodeAnalysis;
using System.Net;
using System.Net.Sockets;

namespace SeamlessReboot;

/// <summary>
/// For the application's unit tests: shows what a reboot would lose, without one. A session is captured, its state is written and
/// read, a second session is restored from that, and both are compared, member by member.
/// </summary>
/// <remarks>
/// <para>A field that the second session shares with the first (the world, a service) is the same, and so is what the library
/// holds. Locks, tasks, timers and delegates are passed over. For a member that need not come back, name it in <c>except</c>, or mark
/// it as not to be serialized (<see cref="NonSerializedAttribute"/>, JsonIgnore, IgnoreMember).</para>
/// <code>
/// [Test]
/// public void A_player_survives_a_reboot()
/// {
///     Player player = new(world, new SessionConnection(socket), new PlayerState { Name = "bob", Gold = 7 });
///     player.Wield(sword);
///     RoundTrip.Verify(player, saved => new Player(world, saved.OpenConnection(), saved.ReadState&lt;PlayerState&gt;()));
/// }
/// </code>
/// <para>Fill the members with values that are not their defaults: a default comes back by itself. The session may not be running
/// (it was never added, or <see cref="IRebootSession.SuspendAsync"/> has completed), and stays captured until it is resumed.</para>
/// </remarks>
[RequiresUnreferencedCode("Compares objects by reflection. It is for tests, which are not trimmed.")]
public static class RoundTrip
{
    /// <summary>Captures a session, restores it into a second one, and throws if they differ.</summary>
    /// <param name="session">The session.</param>
    /// <param name="restore">
    /// As given to <see cref="Rebooter.Restore(Func{RestoredSession, IRebootSession}, Action)"/>. The session it returns is never run; its
    /// socket is connected to nothing.
    /// </param>
    /// <param name="serializer">As in <see cref="RebooterOptions.Serializer"/>; JSON if null.</param>
    /// <param name="except">Members that may differ: names (<c>_idleSince</c>) or paths, as they are reported (<c>Player.Target.Id</c>).</param>
    /// <exception cref="InvalidDataException">They differ; the message names each member, with both values.</exception>
    /// <exception cref="InvalidOperationException">The session has ended, or <paramref name="restore"/> has returned nothing.</exception>
    /// <remarks>Exceptions of the session, the serializer and <paramref name="restore"/> come through as they are.</remarks>
    public static void Verify(IRebootSession session, Func<RestoredSession, IRebootSession> restore, IStateSerializer? serializer = null,
        IReadOnlyCollection<string>? except = null) => ThrowIfAny(Compare(session, restore, serializer, except));

    /// <summary>Writes and reads a state, and throws if something in it has changed.</summary>
    /// <param name="state">The state: of a session, or one that <see cref="Rebooter.Keep{T}(string, Func{T}, Action{T})"/> saves.</param>
    /// <param name="serializer">As in <see cref="RebooterOptions.Serializer"/>; JSON if null.</param>
    /// <param name="except">Members that may differ, by name or path.</param>
    /// <typeparam name="TState">The type that the state is written and read as.</typeparam>
    /// <exception cref="InvalidDataException">Something differs; the message names each member, with both values.</exception>
    public static void VerifyState<TState>(TState state, IStateSerializer? serializer = null, IReadOnlyCollection<string>? except = null) =>
        ThrowIfAny(CompareState(state, serializer, except));

    /// <summary>As <see cref="Verify"/>, and returns what differs: one line for each member, beginning with its path.</summary>
    /// <param name="session">The session.</param>
    /// <param name="restore">As given to <see cref="Rebooter.Restore(Func{RestoredSession, IRebootSession}, Action)"/>.</param>
    /// <param name="serializer">As in <see cref="RebooterOptions.Serializer"/>; JSON if null.</param>
    /// <param name="except">Members that may differ, by name or path.</param>
    /// <exception cref="InvalidOperationException">The session has ended, or <paramref name="restore"/> has returned nothing.</exception>
    public static IReadOnlyList<string> Compare(IRebootSession session, Func<RestoredSession, IRebootSession> restore,
        IStateSerializer? serializer = null, IReadOnlyCollection<string>? except = null)
    {
        ArgumentNullException.ThrowIfNull(session);
        ArgumentNullException.ThrowIfNull(restore);
        serializer ??= DefaultSerializer.Create();
        ObjectComparison comparison = new(except ?? []);
        SessionSnapshot before = session.Capture();
        if (before.HasEnded)
            throw new InvalidOperationException("The session has ended: only its unsent output would be carried.");
        Type? type = before.StateType ?? before.State?.GetType();
        ReadOnlyMemory<byte> state = type is null || before.State is null ? default : Write(before.State, type, serializer);
        if (!state.IsEmpty)
            comparison.Compare("State", before.State, serializer.Deserialize(state, type!));

        using Socket nowhere = new(AddressFamily.InterNetwork, SocketType.Stream, ProtocolType.Tcp);
        nowhere.Bind(new IPEndPoint(IPAddress.Loopback, 0)); // as that of a client that has gone; one that is fresh is refused as a mistake
        IRebootSession second = restore(new RestoredSession(1, before.Kind, nowhere, before.UnreadInput.ToArray(), before.UnsentOutput.ToArray(), state,
            serializer, SessionConnection.RemoteEndPointOf(session.Socket))) ?? throw new InvalidOperationException("No session was returned for the saved one.");
        CompareSnapshots(comparison, before, second.Capture());
        comparison.CompareFields(session.GetType().Name, session, second);
        return comparison.Differences;
    }

    /// <summary>As <see cref="VerifyState"/>, and returns what differs: one line for each member, beginning with its path.</summary>
    /// <param name="state">The state.</param>
    /// <param name="serializer">As in <see cref="RebooterOptions.Serializer"/>; JSON if null.</param>
    /// <param name="except">Members that may differ, by name or path.</param>
    /// <typeparam name="TState">The type that the state is written and read as.</typeparam>
    public static IReadOnlyList<string> CompareState<TState>(TState state, IStateSerializer? serializer = null,
        IReadOnlyCollection<string>? except = null)
    {
        serializer ??= DefaultSerializer.Create();
        ObjectComparison comparison = new(except ?? []);
        comparison.Compare(typeof(TState).Name, state, serializer.Deserialize(Write(state, typeof(TState), serializer), typeof(TState)));
        return comparison.Differences;
    }

    private static void CompareSnapshots(ObjectComparison comparison, SessionSnapshot before, SessionSnapshot after)
    {
        comparison.Compare("Kind", before.Kind, after.Kind);
        comparison.Compare("State", before.State, after.State);
        if (!after.UnreadInput.Span.SequenceEqual(before.UnreadInput.Span))
            comparison.Add("UnreadInput", $"has {after.UnreadInput.Length} bytes, or others, and had {before.UnreadInput.Length}");
        if (!after.UnsentOutput.Span.StartsWith(before.UnsentOutput.Span)) // the second may have said something already
            comparison.Add("UnsentOutput", $"has {after.UnsentOutput.Length} bytes, or others, and had {before.UnsentOutput.Length}");
        if (after.HasEnded)
            comparison.Add("HasEnded", "the restored session has ended");
    }

    private static ReadOnlyMemory<byte> Write(object? state, Type type, IStateSerializer serializer)
    {
        ArrayBufferWriter<byte> writer = new();
        serializer.Serialize(writer, state, type);
        return writer.WrittenMemory;
    }

    private static void ThrowIfAny(IReadOnlyList<string> differences)
    {
        if (differences.Count > 0)
            throw new InvalidDataException($"A reboot would change {differences.Count} {(differences.Count == 1 ? "member" : "members")}. "
                + "Put them into the state, or name them in 'except':" + string.Concat(differences.Select(d => "\n  " + d)));
    }
}

namespace SeamlessReboot;

/// <summary>What became of a reboot. Immutable.</summary>
public sealed class RebootReport
{
    /// <summary>The generation after the reboot; the same as before if it was called off.</summary>
    public required int Generation { get; init; }

    /// <summary>As given to <see cref="Rebooter.RequestReboot"/>, or the crash.</summary>
    public required string Reason { get; init; }

    /// <summary>True when the reboot was the answer to a crash.</summary>
    public bool AfterCrash { get; init; }

    /// <summary>
    /// After a death that only a supervisor could answer: how old the state is that the sessions came back with. Zero otherwise.
    /// </summary>
    public TimeSpan StateAge { get; init; }

    /// <summary>Why the reboot was called off; null when it was not.</summary>
    public RebootException? CalledOff { get; init; }

    /// <summary>
    /// From the moment the first session was asked to stop to the moment all may run again; after a death, from the start of this process.
    /// </summary>
    public TimeSpan Pause { get; init; }

    /// <summary>How long each step took, those of the old image and those of the new one.</summary>
    public IReadOnlyDictionary<RebootStage, TimeSpan> Stages { get; init; } = new Dictionary<RebootStage, TimeSpan>();

    /// <summary>Sessions that came through.</summary>
    public int SessionsKept { get; init; }

    /// <summary>Sessions that did not.</summary>
    public IReadOnlyList<LostSession> SessionsLost { get; init; } = [];

    /// <summary>Who was late in any attempt to suspend: "session 17", "safe point 'loop'"; the first ten.</summary>
    public IReadOnlyList<string> Late { get; init; } = [];

    /// <summary>Size of the spool in bytes.</summary>
    public long SpoolBytes { get; init; }
}

using System.Diagnostics;
using Microsoft.Extensions.Logging;
using SeamlessReboot.Posix;
using SeamlessReboot.Spool;

namespace SeamlessReboot;

/// <summary>One attempt to reboot, or one checkpoint: where it is, and what undoes it.</summary>
[System.Diagnostics.CodeAnalysis.SuppressMessage("Design", "CA1001", Justification = "The source has neither timer nor links, and sessions may still look at its token.")]
internal sealed class RebootRun(string reason, bool isCheckpoint = false)
{
    private const int MostLateNames = 10;
    private static readonly AsyncLocal<bool> _isCurrent = new();
    private readonly Stack<(string What, Action Undo)> _undo = [];
    private readonly List<long> _stageEnds = [];
    private readonly SortedSet<string> _lateNames = new(StringComparer.Ordinal);
    private readonly CancellationTokenSource _cancellation = new();
    private string? _cancelReason;

    /// <summary>True on the reboot's own thread, and in what it awaits.</summary>
    internal static bool IsCurrent
    {
        get => _isCurrent.Value;
        set => _isCurrent.Value = value;
    }

    internal string Reason { get; } = reason;

    internal bool IsCheckpoint { get; } = isCheckpoint;

    /// <summary>Only state is taken, for a rehearsal.</summary>
    internal bool IsRehearsal { get; init; }

    /// <summary>Everyone goes on in this image: who cannot stop is done without.</summary>
    internal bool IsCopy => IsCheckpoint || IsRehearsal;

    internal RebootStage Stage { get; set; } = RebootStage.Check;

    internal long FrozenAt { get; private set; }

    /// <summary>How long everyone held still for a rehearsal's copy.</summary>
    internal TimeSpan Copying { get; set; }

    internal long[] StageEnds => [.. _stageEnds];

    /// <summary>Set when the reboot is the answer to a crash.</summary>
    internal CrashStep? Crash { get; init; }

    internal ExecPlan? Plan { get; set; }

    internal SpoolWriter? Writer { get; set; }

    /// <summary>Null at a checkpoint.</summary>
    internal RebootSpool? Spool { get; set; }

    internal HashSet<int> Survivors { get; } = [];

    internal List<int> Strays { get; set; } = [];

    /// <summary>The sessions that are not at a safe point, and are done without.</summary>
    internal HashSet<long> Late { get; } = [];

    /// <summary>Who was late in any attempt to suspend, by the names of reports; the first of them.</summary>
    internal IReadOnlyCollection<string> LateNames => _lateNames;

    /// <summary>Cancelled when the reboot is to be called off from outside: the server ends.</summary>
    internal CancellationToken Cancellation => _cancellation.Token;

    /// <summary>Of a checkpoint: what is on disk from the one before, where that is needed.</summary>
    internal Past? Before { get; set; }

    /// <summary>Of a checkpoint: what became of it.</summary>
    internal CheckpointReport? Report { get; set; }

    /// <summary>Completes when the process was not replaced: with why, or with null after a checkpoint.</summary>
    internal TaskCompletionSource<RebootException?> Over { get; } = new(TaskCreationOptions.RunContinuationsAsynchronously);

    /// <summary>Runs on a thread of its own: it waits for whoever runs on the thread pool.</summary>
    internal static void OnThread(Action action) => new Thread(() => action()) { IsBackground = true, Name = "SeamlessReboot" }.UnsafeStart();

    internal void WasLate(IEnumerable<string> names)
    {
        foreach (string name in names)
            if (_lateNames.Count < MostLateNames)
                _lateNames.Add(name);
    }

    /// <summary>Calls it off from outside. Does nothing once the point of no return is reached.</summary>
    internal void Cancel(string why)
    {
        _cancelReason ??= why;
        _cancellation.Cancel();
    }

    internal SignalWatch? Signals { get; set; }

    /// <exception cref="OperationCanceledException">It is to be called off from outside.</exception>
    internal void ThrowIfCancelled()
    {
        if (_cancellation.IsCancellationRequested)
            throw new OperationCanceledException(_cancelReason);
    }

    /// <summary>Why it was called off from outside, or null.</summary>
    internal string? CancelReason => _cancelReason;

    internal void Freeze() => FrozenAt = Stopwatch.GetTimestamp();

    internal void Next(RebootStage stage)
    {
        ThrowIfCancelled();
        if (Stage >= RebootStage.Suspend)
            _stageEnds.Add(Stopwatch.GetTimestamp());
        Stage = stage;
    }

    internal void OnUndo(string what, Action undo) => _undo.Push((what, undo));

    /// <summary>Takes everything back, the last step first.</summary>
    internal void UndoAll(ILogger log)
    {
        while (_undo.TryPop(out (string What, Action Undo) step))
        {
            try
            {
                step.Undo();
            }
#pragma warning disable CA1031 // one step that cannot be taken back must not keep the others from it
            catch (Exception e)
#pragma warning restore CA1031
            {
                Log.UndoFailed(log, step.What, Failure.Text(e), e);
            }
        }
    }

    internal Dictionary<RebootStage, TimeSpan> Durations()
    {
        Dictionary<RebootStage, TimeSpan> durations = [];
        long from = FrozenAt;
        RebootStage stage = RebootStage.Suspend;
        foreach (long end in _stageEnds)
        {
            durations[stage++] = Stopwatch.GetElapsedTime(from, end);
            from = end;
        }

        return durations;
    }
}

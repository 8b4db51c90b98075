using System.Text;
using SeamlessReboot.Descriptors;

namespace SeamlessReboot;

/// <summary>
/// Between Start and Ready of an image that has come over an exec: everything inherited is still there. When this release throws, exits
/// or hangs before Ready, and no supervisor has another one, the release before it is started in its place, with the same descriptors and
/// the same spool.
/// </summary>
internal sealed class StartGuard : IDisposable
{
    /// <summary>In the environment of a release that has been taken back: why the one after it was given up.</summary>
    internal const string Variable = "SEAMLESSREBOOT_RETURNED";

    /// <summary>Beside it: the command line by which releases are found. That of the release itself names it by its real path.</summary>
    internal const string CommandVariable = "SEAMLESSREBOOT_COMMAND";
    private readonly Hall _hall;
    private readonly Arrival _arrival;
    private readonly bool _hasPrevious;
    private readonly ManualResetEventSlim? _ready;
    private readonly Lock _lock = new(); // held while it returns, so that Ready does not go on meanwhile
    private bool _isOver;

    internal StartGuard(Hall hall, Arrival arrival)
    {
        _hall = hall;
        _arrival = arrival;
        _hasPrevious = arrival.NoteText is not null && !hall.Supervisor.HoldsDescriptors && arrival.Note!.Previous.Length > 0;
        if (!_hasPrevious)
            return;
        AppDomain.CurrentDomain.UnhandledException += OnUnhandledException;
        AppDomain.CurrentDomain.ProcessExit += OnExit;
        _ready = new ManualResetEventSlim();
        new Thread(ReturnWhenOverdue) { IsBackground = true, Name = "SeamlessReboot" }.UnsafeStart(); // sooner there than the first timer of a process
    }

    /// <summary>What can be passed on; null after a cold start, and under a supervisor, which may have another release.</summary>
    internal Inheritance? Note => _hall.Supervisor.HoldsDescriptors ? null : _arrival.Note;

    /// <summary>Starts the release before this one in its place. Returns when there is none, or it cannot be started.</summary>
    /// <param name="why">What this release did: "it threw ...".</param>
    internal void Return(string why)
    {
        if (!_hasPrevious)
            return;
        lock (_lock)
        {
            if (_isOver)
                return;
            _isOver = true;
            if (ReleaseImage.Decode(_arrival.Note!.Previous) is ReleaseImage previous)
                TryReturn(previous, why);
        }
    }

    private void ReturnWhenOverdue()
    {
        TimeSpan limit = _hall.Context.Options.ReadyTimeout;
        if (!_ready!.Wait(limit))
            Return($"it was still not at the end of Ready after {limit.TotalSeconds:0.###} s");
    }

    private void TryReturn(ReleaseImage previous, string why)
    {
        RebootRun run = new("return to the release before");
        try
        {
            // The same program would fail again in the same way; what helps against that is the guard against crashes.
            if (ReleaseImage.OfThisProcess(_hall.Process.Start, _hall.Context.Process)?.Encode() == _arrival.Note!.Previous)
                return;
            Log.Returning(_hall.Context.Log, why);
            ExecPlan plan = ExecPlan.Make(previous, _hall.Process.Start, _hall.Context.Process);
            PassOn(run, plan, _arrival.NoteText!, (Variable, Encode(why)), (CommandVariable, ReleaseImage.Join(_hall.Process.Command)));
        }
#pragma warning disable CA1031 // then it fails as it would have
        catch (Exception e)
#pragma warning restore CA1031
        {
            run.UndoAll(_hall.Context.Log);
            Log.ReturnFailed(_hall.Context.Log, Failure.Text(e), e);
        }
    }

    internal static string Encode(string why) => Convert.ToBase64String(Encoding.UTF8.GetBytes(why));

    /// <summary>Null when there is nothing.</summary>
    internal static string? Decode(string? variable)
    {
        byte[] bytes = new byte[variable?.Length ?? 0];
        return variable is null ? null
            : Convert.TryFromBase64String(variable, bytes, out int length) ? Encoding.UTF8.GetString(bytes, 0, length) : "Why is not known.";
    }

    /// <summary>Hands all that was inherited to another image, as it came. Returns only by throwing.</summary>
    internal void PassOn(RebootRun run, ExecPlan plan, string note, params ReadOnlySpan<(string Name, string Value)> more)
    {
        foreach (Spool.SpoolRecord record in _arrival.Records)
            if (record.Fd >= 0)
                run.Survivors.Add(record.Fd);
        foreach (int fd in _arrival.Descriptors.Unclaimed)
            run.Survivors.Add(fd);
        foreach (int fd in (ReadOnlySpan<int>)[_arrival.Note!.SpoolFd, _arrival.Note.MemoryFd])
            if (fd >= 0)
                run.Survivors.Add(fd);
        run.OnUndo("put close-on-exec back", Strays.Mark(run.Survivors, []));
        _hall.Process.PutBack(run);
        _hall.Process.HoldSignals(run);
        _hall.Context.Process.Execute(plan.Path, plan.Arguments, plan.EnvironmentWith([(Inheritance.Variable, note), .. more]));
    }

    /// <summary>Ready: what happens from here on is another story.</summary>
    public void Dispose()
    {
        AppDomain.CurrentDomain.UnhandledException -= OnUnhandledException;
        AppDomain.CurrentDomain.ProcessExit -= OnExit;
        _ready?.Set();
        lock (_lock)
            _isOver = true;
    }

    private void OnUnhandledException(object sender, UnhandledExceptionEventArgs e) =>
        Return(e.ExceptionObject is Exception failure ? Failure.TypeAndText(failure) + Failure.Place(failure) : "it threw something that is no exception");

    private void OnExit(object? sender, EventArgs e) => Return($"it ended with exit code {Environment.ExitCode}");
}

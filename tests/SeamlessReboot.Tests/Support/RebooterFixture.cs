namespace SeamlessReboot.Tests.Support;

/// <summary>
/// Reboots touch what is the whole process's (close-on-exec flags, working directory, umask), so these tests run alone.
/// </summary>
[NonParallelizable]
internal abstract class RebooterFixture
{
    private readonly List<Image> _images = [];
    private readonly List<IDisposable> _things = [];
    private TempDirectory? _temp;

    protected TempDirectory Temp => _temp!;

    protected string SpoolDirectory => Temp["spool"];

    protected string[] SpoolFiles => [.. Directory.EnumerateFiles(SpoolDirectory).Select(f => Path.GetFileName(f)!)];

    [SetUp]
    public void MakeDirectory() => _temp = new TempDirectory();

    [TearDown]
    public async Task EndAllAsync()
    {
        foreach (IDisposable thing in _things)
            thing.Dispose();
        foreach (Image image in _images.AsEnumerable().Reverse())
            await image.DisposeAsync();
        _images.Clear();
        _things.Clear();
        _temp!.Dispose();
    }

    protected T Ends<T>(T thing)
        where T : IDisposable
    {
        _things.Add(thing);
        return thing;
    }

    protected Client Connect(Image image) => Ends(image.Connect());

    protected RebooterOptions Options(SessionFailurePolicy failure = default, TimeSpan? suspend = null, Func<CancellationToken, ValueTask>? flush = null,
        TimeSpan? flushTimeout = null, IStateSerializer? serializer = null, IReadOnlyList<string>? command = null, bool check = false,
        TimeSpan? checkTimeout = null, string? spool = null, TimeSpan? crashWindow = null, TimeSpan? checkpoints = null, TimeSpan? freezeLimit = null,
        LateSessionPolicy late = default, TimeSpan? captureTimeout = null) => new()
        {
            CheckpointInterval = checkpoints ?? Timeout.InfiniteTimeSpan,
            FreezeLimit = freezeLimit ?? Limits.Long,
            SpoolDirectory = spool ?? SpoolDirectory,
            LateSessions = late,
            CaptureTimeout = captureTimeout ?? Limits.Long,
            SessionFailure = failure,
            SuspendTimeout = suspend ?? Limits.Long,
            OnSuspending = flush,
            FlushTimeout = flushTimeout ?? Limits.Long,
            Serializer = serializer,
            Command = command,
            Rehearsal = check ? RehearsalMode.UntilReady : RehearsalMode.None,
            ReadyTimeout = checkTimeout ?? Limits.Long,
            CrashWindow = crashWindow ?? TimeSpan.FromMinutes(1),
            RebootOnCrash = false,
            Farewell = "Farewell.\n",
            LoggerFactory = new LogLines(),
        };

    protected Image New(RebooterOptions? options = null, FakeProcess? process = null)
    {
        Image image = new(SpoolDirectory, options ?? Options(), process ?? new FakeProcess());
        _images.Add(image);
        return image;
    }

    protected Image Next(Legacy legacy, RebooterOptions? options = null) => New(options, new FakeProcess(legacy.Write()));

    protected static async Task<RebootException> CalledOffAsync(Image image)
    {
        try
        {
            await image.Rebooter.RebootAsync("test").Within();
        }
        catch (RebootException e)
        {
            return e;
        }

        throw new InvalidOperationException("RebootAsync does not return.");
    }
}

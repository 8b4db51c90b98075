namespace SeamlessReboot.Angel.Children;

/// <summary>
/// Which release is started: the command; or, when that does not get ready several times in a row, the fallback, or else the last
/// release that was good.
/// </summary>
internal sealed class Releases(AngelOptions options, ReleaseFiles files, string directory)
{
    private readonly Release? _configured = options.Fallback is { Count: > 0 } fallback ? new Release(fallback, directory) : null;

    internal Release Main { get; } = new(options.Command, directory);

    /// <summary>The last release that was good, by its real paths.</summary>
    internal Release? Good { get; set; }

    /// <summary>How often in a row the command has not become ready.</summary>
    internal int FailedStarts { get; set; }

    internal bool OnFallback { get; set; }

    /// <summary>The release to start next.</summary>
    internal Release Next => OnFallback ? Fallback ?? Main : Main;

    private Release? Fallback => _configured ?? Good;

    /// <summary>Counts a start of the command that did not become ready.</summary>
    /// <returns>True when from now on the fallback is started in its place.</returns>
    internal bool CountFailedStart()
    {
        FailedStarts++;
        if (OnFallback || FailedStarts < Math.Max(1, options.FallbackAfter) || !HasFallback)
            return false;
        return OnFallback = true;
    }

    /// <summary>Whether there is another release than the command that could be started.</summary>
    internal bool HasFallback
    {
        get
        {
            if (_configured is not null)
                return true;
            return Good is not null && Good != files.Resolve(Main) && files.Check(Good) is null;
        }
    }

    /// <summary>The command as it is on disk now, by its real paths.</summary>
    internal Release? ResolveMain() => files.Resolve(Main);

    internal StartFailureException? Check(Release release) => files.Check(release);

    /// <summary>Leaves the fallback: the next start is the command's.</summary>
    internal void ReturnToMain()
    {
        OnFallback = false;
        FailedStarts = 0;
    }

    internal void BecameReady()
    {
        if (!OnFallback)
            FailedStarts = 0;
    }
}

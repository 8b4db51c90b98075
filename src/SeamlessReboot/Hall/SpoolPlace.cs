using System.Reflection;
using SeamlessReboot.Spool;

namespace SeamlessReboot;

/// <summary>Where this image writes state to, and how much room it is going to need there.</summary>
internal sealed class SpoolPlace : IDisposable
{
    private const int AssumedSessionBytes = 4096;
    private readonly SpoolPlaces? _places; // null where reboots are not supported, and in a rehearsal
    private long _bytesPerSession = AssumedSessionBytes;

    private SpoolPlace(SpoolPlaces? places) => _places = places;

    /// <summary>Null where none will do: then reboots go through a memory file.</summary>
    internal SpoolDirectory? Directory => _places?.Directory;

    /// <summary>Where it is, or was; empty when there never was one.</summary>
    internal string LastPath => _places?.LastPath ?? "";

    /// <summary>Its descriptor, or -1.</summary>
    internal int Fd => Directory is SpoolDirectory directory ? (int)directory.Handle.DangerousGetHandle() : -1;

    /// <summary>
    /// After a cold start the directory of the options, or the first of the default ones that will do; otherwise that of the image
    /// before, unless the options have come to name another one.
    /// </summary>
    /// <exception cref="IOException">The directory of the options cannot be used. The message says what to do.</exception>
    internal static SpoolPlace Open(ServerContext context, Arrival arrival)
    {
        if (!Rebooter.IsSupported || arrival.IsRehearsal)
            return new SpoolPlace(null);
        SpoolPlaces places = new(context.Options.SpoolDirectory,
            () => SpoolPlaces.Defaults(Environment.GetEnvironmentVariable, context.Process.TempDirectory, arrival.Start.User,
                Assembly.GetEntryAssembly()?.GetName().Name ?? "server"),
            sentence => Log.Spool(context.Log, sentence));
        if (arrival.IsCold)
        {
            places.Open();
            places.Directory?.Clear(); // whatever is there is another process's past
        }
        else
        {
            SpoolDirectory? next = OpenNext(context, arrival.Spool);
            places.Take(next, next?.Path ?? arrival.Note!.SpoolPath);
        }

        return new SpoolPlace(places);
    }

    private static SpoolDirectory? OpenNext(ServerContext context, SpoolDirectory? inherited)
    {
        if (context.Options.SpoolDirectory is not string path || inherited?.IsAt(path) == true)
            return inherited;
        try
        {
            return SpoolDirectory.Open(path, sentence => Log.Spool(context.Log, sentence));
        }
        catch (IOException e)
        {
            // No connection is dropped for that: what was good enough for the last reboot is for the next.
            Log.SpoolRefused(context.Log, inherited?.Path ?? "a memory file", Failure.Text(e), e);
            return inherited;
        }
    }

    /// <summary>What was needed last, as an estimate for the next time.</summary>
    internal void Learn(long spoolBytes, int sessions) =>
        _bytesPerSession = Math.Max(AssumedSessionBytes, spoolBytes / Math.Max(1, sessions));

    /// <summary>Makes the directory anew where somebody has cleared it away.</summary>
    /// <param name="anywhere">See <see cref="SpoolPlaces.Renew"/>.</param>
    /// <returns>True when it is another one now.</returns>
    internal bool Renew(bool anywhere) => _places!.Renew(anywhere);

    /// <summary>Begins what a reboot writes: in the directory if that will do, else in memory.</summary>
    /// <exception cref="IOException">Neither will do.</exception>
    internal RebootSpool BeginReboot(int sessions) => _places!.BeginReboot(Estimate(sessions));

    /// <summary>The directory, for a checkpoint, which needs one.</summary>
    /// <exception cref="IOException">There is none, or it cannot be written to. The message says what to do.</exception>
    internal SpoolDirectory RequireDirectory(int sessions)
    {
        SpoolDirectory directory = _places!.Require();
        directory.Check();
        directory.CheckSpace(Estimate(sessions));
        return directory;
    }

    public void Dispose()
    {
        Directory?.Clear();
        _places?.Dispose();
    }

    private long Estimate(int sessions) => _bytesPerSession * (sessions + 1);
}

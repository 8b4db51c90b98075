namespace SeamlessReboot.Angel.Descriptors;

/// <summary>
/// How the angel's limit of open files is divided: what it has open itself, a reserve for what it opens later (requests, probes, files of
/// /proc), and the store.
/// </summary>
internal static class StoreRoom
{
    private const int LeastReserve = 32, MostReserve = 512;

    /// <summary>How many descriptors the store may hold.</summary>
    /// <param name="limit">The limit of open files.</param>
    /// <param name="own">How many are open that are not the store's.</param>
    internal static int Of(long limit, int own) => (int)Math.Clamp(limit - own - Reserve(limit), 0, int.MaxValue);

    internal static int Reserve(long limit) => (int)Math.Clamp(limit / 32, LeastReserve, MostReserve);
}

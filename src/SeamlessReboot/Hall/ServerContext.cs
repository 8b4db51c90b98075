using System.Diagnostics;
using Microsoft.Extensions.Logging;
using SeamlessReboot.Posix;

namespace SeamlessReboot;

/// <summary>What everybody in the hall may use and nobody changes: options, log, serializer, and the seam to the process.</summary>
internal sealed record ServerContext(RebooterOptions Options, ILogger Log, IStateSerializer Serializer, HostProcess Process)
{
    /// <summary>Stopwatch ticks.</summary>
    internal long StartedAt { get; } = Stopwatch.GetTimestamp();

    internal DateTimeOffset Now => Options.TimeProvider.GetUtcNow();
}

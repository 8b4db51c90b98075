using Microsoft.Extensions.Logging;

namespace Talker;

internal static partial class TalkerLog
{
    [LoggerMessage(1, LogLevel.Error, "The files of {Player} cannot be used")]
    public static partial void FilesFailed(ILogger log, string player, Exception failure);

    [LoggerMessage(2, LogLevel.Warning, "A client could not be accepted")]
    public static partial void AcceptFailed(ILogger log, Exception failure);
}

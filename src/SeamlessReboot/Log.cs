using Microsoft.Extensions.Logging;

namespace SeamlessReboot;

/// <summary>Every line that the library logs.</summary>
internal static partial class Log
{
    [LoggerMessage(1, LogLevel.Information, "Generation {Generation} is ready ({Reason}): paused {Pause:0.0} ms, {Kept} sessions kept, {Lost} lost.")]
    internal static partial void Ready(ILogger log, int generation, string reason, double pause, int kept, int lost);

    [LoggerMessage(2, LogLevel.Warning, "Reboot refused ({Reason}): {Refusal}")]
    internal static partial void Refused(ILogger log, string reason, string refusal);

    [LoggerMessage(3, LogLevel.Error, "Reboot called off ({Reason}): {Why}")]
    internal static partial void CalledOff(ILogger log, string reason, string why, Exception failure);

    [LoggerMessage(4, LogLevel.Warning, "Session {Id} was lost: {Reason} Its record: {File}.")]
    internal static partial void Lost(ILogger log, long id, string reason, string file);

    [LoggerMessage(5, LogLevel.Error, "Session {Id} ended by an exception: {Why}")]
    internal static partial void SessionFailed(ILogger log, long id, string why, Exception failure);

    [LoggerMessage(6, LogLevel.Warning, "Descriptor {Fd} ({What}) is a stray: nobody keeps it, and the reboot will close it. Opened without close-on-exec, it also leaks into every child.")]
    internal static partial void Stray(ILogger log, int fd, string what);

    [LoggerMessage(7, LogLevel.Error, "Session {Id} could not be captured: {Why}")]
    internal static partial void CaptureFailed(ILogger log, long id, string why, Exception failure);

    [LoggerMessage(8, LogLevel.Error, "Session {Id} could not be restored: {Why}")]
    internal static partial void RestoreFailed(ILogger log, long id, string why, Exception failure);

    [LoggerMessage(9, LogLevel.Error, "The record of session {Id} could not be kept: {Why}")]
    internal static partial void QuarantineFailed(ILogger log, long id, string why, Exception failure);

    [LoggerMessage(10, LogLevel.Error, "The spool is damaged: {Damage}")]
    internal static partial void SpoolDamaged(ILogger log, string damage);

    [LoggerMessage(11, LogLevel.Error, "{Refusal}")]
    internal static partial void Mismatch(ILogger log, string refusal);

    [LoggerMessage(12, LogLevel.Warning, "The state '{Name}' is kept by no one in this version; it is dropped.")]
    internal static partial void StateUnclaimed(ILogger log, string name);

    [LoggerMessage(13, LogLevel.Warning, "Inherited descriptor {Fd} ({What}) was claimed by nobody and is closed.")]
    internal static partial void Unclaimed(ILogger log, int fd, string what);

    [LoggerMessage(14, LogLevel.Warning, "An inheritance of process {Pid}, started at {StartTime}, was found in the environment. It is not this process's and is ignored.")]
    internal static partial void NotOurs(ILogger log, int pid, long startTime);

    [LoggerMessage(20, LogLevel.Error, "What the image before has left is in a format that this version does not read. It starts without its sessions.")]
    internal static partial void Unreadable(ILogger log);

    [LoggerMessage(15, LogLevel.Error, "The new spool directory is refused, and '{Path}' stays in use: {Why}")]
    internal static partial void SpoolRefused(ILogger log, string path, string why, Exception failure);

    [LoggerMessage(16, LogLevel.Error, "Calling the reboot off: could not {What}: {Why}")]
    internal static partial void UndoFailed(ILogger log, string what, string why, Exception failure);

    [LoggerMessage(17, LogLevel.Critical, "Unhandled exception (session {Session}; 0: none known). Rebooting instead of dying: {Why}")]
    internal static partial void Crashed(ILogger log, long session, string why, Exception failure);

    [LoggerMessage(19, LogLevel.Error, "The system state '{Name}' could not be saved after the crash, and the new image starts without it: {Why}")]
    internal static partial void SaveFailed(ILogger log, string name, string why, Exception failure);

    [LoggerMessage(28, LogLevel.Error, "What the process before has left cannot be used, and the server starts without its sessions: {Why}")]
    internal static partial void PastRefused(ILogger log, string why, Exception failure);

    [LoggerMessage(21, LogLevel.Error, "{Sentence}")]
    internal static partial void Supervisor(ILogger log, string sentence);

    [LoggerMessage(22, LogLevel.Debug, "Checkpoint ({Reason}): paused {Pause:0.0} ms, {Sessions} sessions, {Late} of them as they were before.")]
    internal static partial void Checkpoint(ILogger log, string reason, double pause, int sessions, int late);

    [LoggerMessage(23, LogLevel.Error, "The checkpoint ({Reason}) could not be taken, and the one before counts: {Why}")]
    internal static partial void CheckpointFailed(ILogger log, string reason, string why, Exception failure);

    [LoggerMessage(24, LogLevel.Debug, "Checkpoint refused ({Reason}): {Refusal}")]
    internal static partial void CheckpointRefused(ILogger log, string reason, string refusal);

    [LoggerMessage(25, LogLevel.Error, "A session could not be written to disk. Until the next checkpoint, a crash would end it, or take it back to how it was: {Why}")]
    internal static partial void AddFailed(ILogger log, string why, Exception failure);

    [LoggerMessage(26, LogLevel.Error, "The mark that tells the next process what this one died of cannot be written: {Why}")]
    internal static partial void MarkFailed(ILogger log, string why, Exception failure);

    [LoggerMessage(27, LogLevel.Error, "This program has died restoring, {Deaths} times in a row (the last two at session {Culprit}; 0: not at the same). {Answer}")]
    internal static partial void DiedRestoring(ILogger log, long deaths, long culprit, string answer);

    [LoggerMessage(29, LogLevel.Warning, "After Ready, {What} failed: {Why} The server serves on.")]
    internal static partial void AfterReadyFailed(ILogger log, string what, string why, Exception failure);

    [LoggerMessage(30, LogLevel.Error, "Session {Id} could not be resumed: {Why}")]
    internal static partial void ResumeFailed(ILogger log, long id, string why, Exception failure);

    [LoggerMessage(31, LogLevel.Warning, "The rehearsal says nothing about the new release, and the reboot goes on without it: {Why} {Remedy}")]
    internal static partial void RehearsalInconclusive(ILogger log, string why, string remedy);

    [LoggerMessage(32, LogLevel.Warning, "The new release cannot restore session {Id}: {Why}")]
    internal static partial void RehearsalSession(ILogger log, long id, string why);

    [LoggerMessage(33, LogLevel.Information, "The new release passed its rehearsal: {Loaded} sessions loaded, {NotLoaded} not; the pause is expected to be {Pause:0} ms.")]
    internal static partial void Rehearsed(ILogger log, int loaded, int notLoaded, double pause);

    [LoggerMessage(34, LogLevel.Warning, "{Sentence}")]
    internal static partial void Spool(ILogger log, string sentence);

    [LoggerMessage(35, LogLevel.Warning, "The directory '{Directory}', in which the server was started, has gone. The next image starts where this one is.")]
    internal static partial void DirectoryGone(ILogger log, string directory);

    [LoggerMessage(36, LogLevel.Error, "The new release did not come to the end of Ready, and the release before it is started in its place: {Why}")]
    internal static partial void Returning(ILogger log, string why);

    [LoggerMessage(37, LogLevel.Error, "The release before this one cannot be started again: {Why}")]
    internal static partial void ReturnFailed(ILogger log, string why, Exception failure);

    [LoggerMessage(38, LogLevel.Warning, "{Sentence}")]
    internal static partial void Signals(ILogger log, string sentence);

    [LoggerMessage(40, LogLevel.Warning, "No client can be let in on {Listener} for now: {Cause} Those who are connected are served on, the others wait. {Remedy}")]
    internal static partial void AcceptFailed(ILogger log, string listener, string cause, string remedy);

    [LoggerMessage(41, LogLevel.Information, "Clients are let in on {Listener} again.")]
    internal static partial void AcceptsAgain(ILogger log, string listener);

    [LoggerMessage(42, LogLevel.Debug, "A client on {Listener} was gone before it could be let in: {Why}")]
    internal static partial void ClientRefused(ILogger log, string listener, string why);

    [LoggerMessage(43, LogLevel.Warning, "{Count} clients of {Listener} were accepted and spoken to, and never added, so their connections ended with the reboot. Call Add before the first byte, or accept what cannot be carried with AcceptAsync(listener, carry: false).")]
    internal static partial void NeverAdded(ILogger log, int count, string listener);

    [LoggerMessage(44, LogLevel.Error, "A client on {Listener} was disconnected, because no session could be made of it: {Why}")]
    internal static partial void NoSession(ILogger log, string listener, string why, Exception failure);

    [LoggerMessage(18, LogLevel.Critical, "Crash number {Count} within the window, or before the first Ready: the process dies.")]
    internal static partial void GivingUp(ILogger log, int count);
}

using System.Text.RegularExpressions;
using System.Threading.Channels;

namespace SeamlessReboot.Angel.Monitoring;

/// <summary>Waits for a line of a file that others write. Only what is written after the start counts.</summary>
internal static class LogWatch
{
    /// <summary>inotify reports nothing on network file systems or for a directory that does not exist yet, so the file is polled too.</summary>
    private static readonly TimeSpan _lookAgain = TimeSpan.FromMilliseconds(500);

    /// <summary>
    /// Ends when a line matches; the last line also while its end is not written yet. Where the watch begins is decided before this
    /// returns its task, so that a server started after the call cannot write unnoticed.
    /// </summary>
    /// <param name="file">It need not exist yet, and may be truncated, moved away and created again.</param>
    /// <param name="pattern">What to look for in each line.</param>
    /// <param name="cancellationToken">Ends the wait.</param>
    internal static Task WaitAsync(string file, Regex pattern, CancellationToken cancellationToken)
    {
        FollowedFile followed = new(Path.GetFullPath(file));
        return WaitAsync(followed, pattern, cancellationToken);
    }

    private static async Task WaitAsync(FollowedFile file, Regex pattern, CancellationToken cancellationToken)
    {
        await Task.Yield();
        using FollowedFile closing = file;
        Channel<bool> changed = Channel.CreateBounded<bool>(new BoundedChannelOptions(1) { FullMode = BoundedChannelFullMode.DropWrite });
        FileSystemWatcher? watcher = null;
        try
        {
            while (true)
            {
                watcher ??= TryWatch(file.FilePath, changed.Writer);
                while (file.TryReadLines(out IReadOnlyList<string> lines))
                    if (lines.Any(l => IsMatch(pattern, l)))
                        return;
                using CancellationTokenSource pause = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken);
                pause.CancelAfter(_lookAgain);
                try
                {
                    await changed.Reader.ReadAsync(pause.Token).ConfigureAwait(false);
                }
                catch (OperationCanceledException) when (!cancellationToken.IsCancellationRequested)
                {
                    // Nothing was told for a while: look all the same.
                }
            }
        }
        finally
        {
            watcher?.Dispose();
        }
    }

    private static FileSystemWatcher? TryWatch(string file, ChannelWriter<bool> changed)
    {
        try
        {
            FileSystemWatcher watcher = new(Path.GetDirectoryName(file)!, Path.GetFileName(file));
            watcher.Changed += (_, _) => changed.TryWrite(true);
            watcher.Created += (_, _) => changed.TryWrite(true);
            watcher.Renamed += (_, _) => changed.TryWrite(true);
            watcher.EnableRaisingEvents = true;
            return watcher;
        }
        catch (Exception e) when (e is ArgumentException or IOException or UnauthorizedAccessException)
        {
            return null; // no such directory, or no inotify instance left
        }
    }

    private static bool IsMatch(Regex pattern, string line)
    {
        try
        {
            return pattern.IsMatch(line);
        }
        catch (RegexMatchTimeoutException)
        {
            return false;
        }
    }
}

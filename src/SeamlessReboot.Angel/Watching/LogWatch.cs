using System.Text.RegularExpressions;

namespace SeamlessReboot.Angel.Watching;

/// <summary>To be replaced at merge: waits for a new line of a file.</summary>
internal static class LogWatch
{
    internal static async Task WaitAsync(string file, Regex what, CancellationToken cancel)
    {
        long at = File.Exists(file) ? new FileInfo(file).Length : 0;
        while (true)
        {
            await Task.Delay(100, cancel).ConfigureAwait(false);
            if (!File.Exists(file) || new FileInfo(file).Length <= at)
                continue;
            using FileStream stream = new(file, FileMode.Open, FileAccess.Read, FileShare.ReadWrite | FileShare.Delete);
            stream.Position = at;
            using StreamReader reader = new(stream);
            if ((await reader.ReadToEndAsync(cancel).ConfigureAwait(false)).Split('\n').Any(l => what.IsMatch(l)))
                return;
        }
    }
}

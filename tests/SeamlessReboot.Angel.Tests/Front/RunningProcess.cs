using System.Globalization;
using Mono.Unix.Native;

namespace SeamlessReboot.Angel.Tests.Front;

/// <summary>What the kernel says of processes that a test has started without being their parent.</summary>
internal static class RunningProcess
{
    /// <summary>Those that a test has started, and theirs: they have its directory in their environment.</summary>
    internal static List<int> Of(TempDirectory directory)
    {
        List<int> found = [];
        foreach (string process in Directory.GetDirectories("/proc"))
            if (int.TryParse(Path.GetFileName(process), NumberStyles.None, CultureInfo.InvariantCulture, out int pid)
                && Read(process + "/environ").Split('\0').Contains("TMPDIR=" + directory.Path) && !IsZombie(process))
                found.Add(pid);
        return found;
    }

    /// <summary>The field of /proc/PID/stat with this number, as proc_pid_stat(5) counts.</summary>
    internal static int Field(int pid, int number)
    {
        string stat = Read(string.Create(CultureInfo.InvariantCulture, $"/proc/{pid}/stat"));
        return stat.Length == 0 ? -1 : int.Parse(stat[(stat.LastIndexOf(')') + 2)..].Split(' ')[number - 3], CultureInfo.InvariantCulture);
    }

    internal static List<int> Children(int pid)
    {
        List<int> children = [];
        foreach (string process in Directory.GetDirectories("/proc"))
            if (int.TryParse(Path.GetFileName(process), NumberStyles.None, CultureInfo.InvariantCulture, out int child) && !IsZombie(process)
                && Field(child, 4) == pid)
                children.Add(child);
        return children;
    }

    internal static Dictionary<int, string> Descriptors(int pid)
    {
        Dictionary<int, string> open = [];
        foreach (FileInfo file in new DirectoryInfo(string.Create(CultureInfo.InvariantCulture, $"/proc/{pid}/fd")).GetFiles())
            if (file.LinkTarget is string target)
                open[int.Parse(file.Name, CultureInfo.InvariantCulture)] = target;
        return open;
    }

    internal static Dictionary<string, string> Variables(int pid) =>
        Read(string.Create(CultureInfo.InvariantCulture, $"/proc/{pid}/environ")).Split('\0', StringSplitOptions.RemoveEmptyEntries)
            .Select(v => v.Split('=', 2)).ToDictionary(v => v[0], v => v[1]);

    internal static void Signal(int pid, Signum signal) => Assert.That(Syscall.kill(pid, signal), Is.Zero);

    /// <summary>For what has no event to wait for.</summary>
    internal static async Task UntilAsync(Func<bool> condition, string what)
    {
        using CancellationTokenSource overdue = new(AngelCommand.Limit);
        while (!condition())
        {
            if (overdue.IsCancellationRequested)
                Assert.Fail($"Waited in vain until {what}.");
            await Task.Delay(20);
        }
    }

    private static bool IsZombie(string directory) =>
        Read(directory + "/stat") is var stat && stat.LastIndexOf(')') is int name and > 0 && stat[name + 2] is 'Z' or 'X';

    private static string Read(string path)
    {
        try
        {
            return File.ReadAllText(path);
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            return ""; // it has ended
        }
    }
}

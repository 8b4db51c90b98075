using System.Globalization;

namespace SeamlessReboot.ProcessTests.Helpers;

/// <summary>What the kernel says about a process.</summary>
internal sealed class ProcInfo(int pid)
{
    private const int CloseOnExec = 0x80000; // O_CLOEXEC, as /proc/PID/fdinfo shows it

    public string Directory => $"/proc/{pid}";

    /// <summary>A field of /proc/PID/status.</summary>
    public string Status(string field) => Status(Directory, field);

    /// <summary>The same field, of each thread.</summary>
    public IReadOnlyList<string> StatusOfThreads(string field)
    {
        List<string> values = [];
        foreach (string task in System.IO.Directory.GetDirectories(Directory + "/task"))
        {
            try
            {
                values.Add(Status(task, field));
            }
            catch (IOException)
            {
                // The thread has ended.
            }
        }

        return values;
    }

    /// <summary>Its children, zombies too.</summary>
    public IReadOnlyList<int> Children()
    {
        List<int> children = [];
        foreach (string directory in System.IO.Directory.GetDirectories("/proc"))
            if (int.TryParse(Path.GetFileName(directory), NumberStyles.None, CultureInfo.InvariantCulture, out int child) && ParentOf(directory) == pid)
                children.Add(child);
        return children;
    }

    /// <summary>A namespace, by its name and number: "net:[4026531840]".</summary>
    public string Namespace(string kind) => new FileInfo($"{Directory}/ns/{kind}").LinkTarget!;

    public string WorkingDirectory => new FileInfo(Directory + "/cwd").LinkTarget!;

    /// <summary>The open descriptors and what they are.</summary>
    public IReadOnlyDictionary<int, string> Descriptors()
    {
        Dictionary<int, string> open = [];
        foreach (FileInfo file in new DirectoryInfo(Directory + "/fd").GetFiles())
            if (file.LinkTarget is string target)
                open.Add(int.Parse(file.Name, CultureInfo.InvariantCulture), target);
        return open;
    }

    /// <summary>The descriptors, but for standard streams, that an exec or a child would inherit.</summary>
    public IReadOnlyList<int> Inheritable() => [.. Descriptors().Keys.Where(fd => fd > 2 && IsInheritable(fd)).Order()];

    public static bool Exists(int pid) => System.IO.Directory.Exists($"/proc/{pid}");

    /// <summary>True when there is no such process, or only what is left of it until its parent has asked for it.</summary>
    public static bool HasEnded(int pid)
    {
        try
        {
            return Status($"/proc/{pid}", "State").StartsWith('Z');
        }
        catch (IOException)
        {
            return true;
        }
    }

    private static int ParentOf(string directory)
    {
        try
        {
            return int.Parse(Status(directory, "PPid"), CultureInfo.InvariantCulture);
        }
        catch (IOException)
        {
            return 0; // it has ended
        }
    }

    private static string Status(string directory, string field) =>
        File.ReadLines(directory + "/status").First(l => l.StartsWith(field + ":", StringComparison.Ordinal))[(field.Length + 1)..].Trim();

    private bool IsInheritable(int fd)
    {
        try
        {
            string flags = File.ReadLines($"{Directory}/fdinfo/{fd}").First(l => l.StartsWith("flags:", StringComparison.Ordinal));
            return (Convert.ToInt32(flags[6..].Trim(), 8) & CloseOnExec) == 0;
        }
        catch (IOException)
        {
            return false; // closed in the meantime
        }
    }
}

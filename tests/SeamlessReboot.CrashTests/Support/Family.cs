using System.Globalization;
using System.Text;

namespace SeamlessReboot.CrashTests.Support;

/// <summary>Everything that a test has started, children's children too: known by a variable in their environment, which all of them inherit.</summary>
internal sealed class Family
{
    public const string Variable = "CRASHTEST_FAMILY"; // a name that begins with SEAMLESSREBOOT would be taken out by a reboot

    public string Token { get; } = Guid.NewGuid().ToString("N");

    /// <summary>Who is alive.</summary>
    public IReadOnlyList<int> Living()
    {
        List<int> found = [];
        foreach (string directory in Directory.GetDirectories("/proc"))
            if (int.TryParse(Path.GetFileName(directory), NumberStyles.None, CultureInfo.InvariantCulture, out int pid) && IsOurs(directory))
                found.Add(pid);
        return found;
    }

    /// <summary>The one that has this number in its own namespace.</summary>
    public int WithInnerPid(int inner)
    {
        foreach (int pid in Living())
            if (Status(pid, "NSpid:").Split('\t') is [_, _, .., string number] && number == inner.ToString(CultureInfo.InvariantCulture))
                return pid;
        throw new InvalidOperationException($"There is no process that is {inner} in its namespace, among {string.Join("; ", Described())}.");
    }

    /// <summary>Who is alive, with what it was started as: for messages.</summary>
    public IReadOnlyList<string> Described() => [.. Living().Select(pid => $"{pid}: {CommandLine(pid)}")];

    /// <summary>Kills who is left, each by its number.</summary>
    public void KillAll()
    {
        foreach (int pid in Living())
            _ = Libc.Kill(pid, Kernel.Sigkill);
    }

    private bool IsOurs(string directory)
    {
        try
        {
            // A zombie's is empty.
            return Encoding.UTF8.GetString(File.ReadAllBytes(directory + "/environ")).Contains($"{Variable}={Token}", StringComparison.Ordinal);
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            return false; // it has ended, or is nobody's that we may look at
        }
    }

    private static string Status(int pid, string field)
    {
        try
        {
            return File.ReadLines($"/proc/{pid}/status").FirstOrDefault(l => l.StartsWith(field, StringComparison.Ordinal)) ?? "";
        }
        catch (IOException)
        {
            return "";
        }
    }

    private static string CommandLine(int pid)
    {
        try
        {
            return File.ReadAllText($"/proc/{pid}/cmdline").Replace('\0', ' ').Trim();
        }
        catch (IOException)
        {
            return "has ended";
        }
    }
}

using System.Globalization;

namespace SeamlessReboot.CrashTests.Support;

/// <summary>What a process takes of the machine.</summary>
internal static class ProcessLoad
{
    private const double TicksPerSecond = 100; // USER_HZ, on every Linux that .NET runs on

    public static int Megabytes(int pid) => int.Parse(new ProcInfo(pid).Status("VmRSS").Split(' ')[0], CultureInfo.InvariantCulture) / 1024;

    /// <summary>The time that it has spent computing.</summary>
    public static TimeSpan Processor(int pid)
    {
        string text = File.ReadAllText($"/proc/{pid}/stat");
        string[] fields = text[(text.LastIndexOf(')') + 2)..].Split(' '); // from the third on: the second is a name that may have spaces
        return TimeSpan.FromSeconds((double.Parse(fields[11], CultureInfo.InvariantCulture) + double.Parse(fields[12], CultureInfo.InvariantCulture)) / TicksPerSecond);
    }
}
